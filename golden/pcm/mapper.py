"""Mapper and its inverse (5.4.4/V.90): labels to Ucodes, label 0 the largest."""

import numpy as np


class Mapper:
    """Six tabulations of Ucodes, one for each data frame interval.

    ``intervals``: six ascending sequences of Ucodes.
    """

    def __init__(self, intervals):
        self.table = np.zeros((len(intervals), 128), np.uint8)
        for row, ucodes in zip(self.table, intervals, strict=True):
            row[: len(ucodes)] = ucodes[::-1]

    def process(self, labels):
        """Ucodes (uint8, shape ``(..., 6)``) of labels of the same shape."""
        return self.table[np.arange(len(self.table)), labels]


class Demapper:
    """Ucodes back to labels.

    A Ucode that its interval's constellation lacks gets the label of the nearest one that it has
    (the smaller of two as near), and is marked.
    """

    def __init__(self, intervals):
        self.label = np.zeros((len(intervals), 128), np.uint8)
        self.known = np.zeros((len(intervals), 128), bool)
        for interval, ucodes in enumerate(intervals):
            ucodes = np.array(ucodes)
            nearest = np.abs(np.arange(128)[:, None] - ucodes).argmin(1)
            self.label[interval] = len(ucodes) - 1 - nearest
            self.known[interval, ucodes] = True

    def process(self, ucodes):
        """``(labels uint8, known bool)`` of Ucodes, all of shape ``(..., 6)``."""
        interval = np.arange(len(self.label))
        return self.label[interval, ucodes], self.known[interval, ucodes]
