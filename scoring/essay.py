"""Model `essay`: the essay's formulas, literally, on each period's totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import LARGEST, SMALLEST, BoolArray, FloatArray, any_in_groups, scaled
from scoring.panel import Panel
from scoring.params import Params
from scoring.roles import Role
from scoring.status import Codes, Status, first_of, is_status


@dataclass(frozen=True, slots=True)
class Ingredients:
    """The essay's letters by period and person, all (T, P); NaN: not observed."""

    reads: FloatArray
    comments: FloatArray
    clicks: FloatArray
    participants: FloatArray
    interactions: FloatArray
    audience: FloatArray

    @property
    def interactions_per_participant(self) -> FloatArray:
        """i: NaN without participants."""
        return _ratio(self.interactions, np.where(self.participants > 0, self.participants, np.nan))


@dataclass(frozen=True, slots=True)
class Essay:
    """The essay's model of one panel, all (T, P). A factor is NaN where its status says it is undefined."""

    factor_e: FloatArray
    factor_i: FloatArray
    e_status: Codes
    i_status: Codes
    influence: FloatArray
    was_zero: BoolArray


def ingredients(panel: Panel, participants: FloatArray | None = None) -> Ingredients:
    """The letters. `participants` (T, P): exact distinct people, NaN where not given; attendees are added.

    Without them, the sum of `actors` over interactions: someone who opens an issue and comments on it counts
    twice, so it is an upper bound. It cancels out of I = A·i / (T_A·A_r), which needs only the product A·i.
    """
    interactions = panel.total("interactions")
    people = np.where(np.isnan(interactions), np.nan, panel.actors)
    if participants is not None:
        people = np.where(np.isnan(participants), people, participants)
    attendees = panel.total("participants")
    unknown = np.isnan(people) & np.isnan(attendees)
    return Ingredients(
        reads=panel.total("reads"),
        comments=panel.total("comments"),
        clicks=panel.total("clicks"),
        participants=np.where(unknown, np.nan, np.nan_to_num(people) + np.nan_to_num(attendees)),
        interactions=interactions,
        audience=panel.audience(),
    )


def essay(panel: Panel, letters: Ingredients, params: Params) -> Essay:
    """E = (R + C) / (T · C_r), I = A·i / (T_A · A_r), and their product over the periods."""
    unread = np.isnan(letters.reads) & np.isnan(letters.comments)
    sharing = np.where(unread, np.nan, np.nan_to_num(letters.reads) + np.nan_to_num(letters.comments))
    expected_reads = letters.clicks * params.click_rate
    expected_part = letters.audience * params.participation_rate
    e_status = first_of(
        (np.isnan(sharing), Status.NO_DATA),
        (np.isnan(expected_reads), Status.NO_CLICKS),
        (_shares_metric(panel, ("reads", "comments"), "clicks"), Status.OWN_CLICKS),
        (expected_reads == 0, Status.ZERO_CLICKS),
        otherwise=Status.OK,
    )
    i_status = first_of(
        (np.isnan(letters.interactions), Status.NO_DATA),
        (np.isnan(expected_part), Status.NO_AUDIENCE),
        (_shares_metric(panel, ("interactions", "participants"), "audience"), Status.OWN_AUDIENCE),
        (expected_part == 0, Status.ZERO_AUDIENCE),
        otherwise=Status.OK,
    )
    factor_e = _defined(sharing, expected_reads, e_status)
    factor_i = _defined(letters.interactions, expected_part, i_status)
    is_zero = np.logical_or.accumulate((factor_e == 0) | (factor_i == 0), axis=0)
    growth = np.cumsum(_log_or_0(factor_e) + _log_or_0(factor_i), axis=0)
    return Essay(
        factor_e=factor_e,
        factor_i=factor_i,
        e_status=e_status,
        i_status=i_status,
        influence=np.where(is_zero, 0.0, scaled(params.initial_influence, growth)),
        was_zero=np.concatenate([np.zeros_like(is_zero[:1]), is_zero[:-1]]),
    )


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below, kept within a double's range; a true 0 and NaN stay."""
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        return np.where(above == 0, above / below, np.clip(above / below, SMALLEST, LARGEST))


def _defined(above: FloatArray, below: FloatArray, status: Codes) -> FloatArray:
    is_ok = is_status(status, Status.OK)
    return _ratio(np.where(is_ok, above, np.nan), np.where(is_ok, below, np.nan))


def _log_or_0(factor: FloatArray) -> FloatArray:
    """ln factor; 0 where the factor is undefined or 0 and so plays no part in the product."""
    return np.log(np.where(factor > 0, factor, 1.0))


def _shares_metric(panel: Panel, above: tuple[Role, ...], below: Role) -> BoolArray:
    """Where a metric observed for the denominator at one source counts for the numerator at another: (T, P).

    Such a ratio measures the weights, not the world.
    """
    persons = len(panel.persons)
    found = np.zeros((len(panel.coverage), persons), dtype=np.bool_)
    both = panel.metrics_of(*above) & panel.metrics_of(below)
    if not both:
        return found
    upper, is_upper = panel.observed(*above)
    lower, is_lower = panel.observed(below)
    for metric in both:
        counts_above, counts_below = upper.metric == metric, lower.metric == metric
        found |= any_in_groups(is_upper[:, counts_above], upper.person[counts_above], persons) & any_in_groups(
            is_lower[:, counts_below], lower.person[counts_below], persons
        )
    return found
