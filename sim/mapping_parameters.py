"""Mapping parameters of a command line: their file, and their power (8.5.2/V.90)."""

import math

from golden.errors import V90Error
from golden.parameters import POWER_LIMITS, MappingParameters
from sim.files import read_file


def read_parameters(path, law=None, power_limit=None):
    """Mapping parameters from a JSON file, with the law replaced and the power checked."""
    try:
        parameters = MappingParameters.from_json(read_file(path).decode())
    except UnicodeDecodeError:
        raise V90Error(f"{path}: not JSON: it is not UTF-8 text") from None
    except V90Error as error:
        raise V90Error(f"{path}: {error}") from None
    if law:
        parameters = parameters.with_law(law)
    if power_limit is not None and parameters.exceeds(power_limit):
        raise V90Error(
            f"{path}: the average power, {dbm0(parameters):.2f} dBm0, is above the limit of "
            f"{power_limit:g} dBm0"
        )
    return parameters


def dbm0(parameters):
    """Average power of 8.5.2 in dBm0, on the scale of Table 15/V.90."""
    limit, root = max(POWER_LIMITS.items())
    power = parameters.average_power
    return limit + 10 * math.log10(power / root**2) if power else -math.inf
