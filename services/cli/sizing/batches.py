"""What a message costs in company: one batch pays a fixed price, and every message in it a little more.

CPU per message = marginal + fixed / company. Company is how many messages are in flight at a time; what shares a batch
is in proportion to it. Pure arithmetic: docs/sizing.md says where it comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement: so many messages in flight, CPU milliseconds a message."""

    in_flight: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The fitted cost. `alone_ms` bounds it: the dearest message measured had next to no company."""

    marginal_ms: float
    fixed_ms: float
    alone_ms: float

    def in_company_ms(self, in_flight: float) -> float:
        """Return the fitted CPU milliseconds of a message among so many, above 0."""
        return self.marginal_ms + self.fixed_ms / in_flight

    def cpu_ms(self, in_flight: float) -> float:
        """Return the same, at most what a message alone costs."""
        return min(self.alone_ms, self.in_company_ms(in_flight)) if in_flight > 0 else self.alone_ms


@dataclass(frozen=True, slots=True)
class Check:
    """A measurement that was kept from the fit, beside what the fit says."""

    in_flight: float
    measured_ms: float
    predicted_ms: float

    @property
    def error(self) -> float:
        """How far off, as a share of the measurement; above 0 when the model is too dear."""
        return self.predicted_ms / self.measured_ms - 1


def fit(points: Sequence[Point]) -> Curve:
    """Fit marginal and fixed by least squares of relative errors; neither is ever below 0.

    Raises ValueError without two different numbers in flight.
    """
    if len({point.in_flight for point in points}) < 2:
        raise ValueError("the batch effect needs measurements at two different numbers of messages in flight")
    # With z = 1/cpu and w = z/in_flight the relative error of a point is marginal * z + fixed * w - 1.
    pairs = [(1 / point.cpu_ms, 1 / (point.cpu_ms * point.in_flight)) for point in points if point.cpu_ms > 0]
    zz, ww = sum(z * z for z, _ in pairs), sum(w * w for _, w in pairs)
    zw, z1, w1 = sum(z * w for z, w in pairs), sum(z for z, _ in pairs), sum(w for _, w in pairs)
    determinant = zz * ww - zw * zw
    marginal = (z1 * ww - w1 * zw) / determinant if determinant else 0.0
    fixed = (w1 * zz - z1 * zw) / determinant if determinant else 0.0
    if marginal < 0:
        marginal, fixed = 0.0, w1 / ww
    if fixed < 0:
        marginal, fixed = z1 / zz, 0.0
    return Curve(marginal, fixed, max(point.cpu_ms for point in points))


def checks(fed: Sequence[Point], kept: Sequence[Point]) -> list[Check]:
    """Fit the one, and see what that says of the other."""
    curve = fit(fed)
    return [Check(point.in_flight, point.cpu_ms, curve.in_company_ms(point.in_flight)) for point in kept]
