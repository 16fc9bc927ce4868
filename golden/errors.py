"""The project's own error."""


class V90Error(Exception):
    """Something a user can mend; its text is one clear sentence."""
