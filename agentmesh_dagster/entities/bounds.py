"""Bounds: the least and the most of every number that an author may write, in one place.

`true` and `"3"` are no numbers, nor are NaN and infinity: whoever wrote them meant something else.
"""

from typing import Annotated, cast

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

YEAR_SECONDS = 31_536_000
WEEK_SECONDS = 604_800
DAY_SECONDS = 86_400
MAX_LAYOUT_NODES = 10_000


def _refuse_look_alikes(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("float_type", "must be a number")
    return value


def _refuse_whole_look_alikes(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("int_type", "must be an integer")
    # So that 1e300 is told its bound.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _refuse_other_lengths(value: object) -> object:
    if not isinstance(value, list | tuple) or len(cast("list[object]", value)) != 2:
        raise PydanticCustomError(
            "value_error", "must be two numbers, as [x, y]", {"error": "must be two numbers, as [x, y]"}
        )
    return cast("object", value)


_NUMBER = BeforeValidator(_refuse_look_alikes)
_WHOLE = BeforeValidator(_refuse_whole_look_alikes)

# Of a node
TimeoutSeconds = Annotated[float, Field(gt=0, le=WEEK_SECONDS, allow_inf_nan=False), _NUMBER]
DelaySeconds = Annotated[float, Field(ge=0, le=DAY_SECONDS, allow_inf_nan=False), _NUMBER]
MaxAttempts = Annotated[int, Field(ge=1, le=100), _WHOLE]
# Of an agent
Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False), _NUMBER]
TopP = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _NUMBER]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), _WHOLE]
MaxTokens = Annotated[int, Field(ge=1, le=10_000_000), _WHOLE]
MaxToolRounds = Annotated[int, Field(ge=1, le=100), _WHOLE]
# Of a budget
MaxUsd = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False), _NUMBER]
MaxSpentTokens = Annotated[int, Field(ge=1, le=10**12), _WHOLE]
MaxCalls = Annotated[int, Field(ge=1, le=10**9), _WHOLE]
MaxSeconds = Annotated[float, Field(gt=0, le=YEAR_SECONDS, allow_inf_nan=False), _NUMBER]
# Of a sql tool
MaxRows = Annotated[int, Field(ge=1, le=100_000), _WHOLE]
# Of a tool
MaxResultTokens = Annotated[int, Field(ge=1, le=10_000_000), _WHOLE]
# Of an edge that leads back
MaxRounds = Annotated[int, Field(ge=2, le=100), _WHOLE]
# Of a branch, of a gate
MaxItems = Annotated[int, Field(ge=0, le=100_000), _WHOLE]
DeadlineSeconds = Annotated[float, Field(gt=0, le=10 * YEAR_SECONDS, allow_inf_nan=False), _NUMBER]
# Of a branch, of what it repeats
MaxItemsAtOnce = Annotated[int, Field(ge=1, le=10_000), _WHOLE]
# Of a workflow node
MaxChildren = Annotated[int, Field(ge=1, le=10_000), _WHOLE]
# Of a workflow, of a trigger
MaxRuns = Annotated[int, Field(ge=1, le=10_000), _WHOLE]
MaxCatchUp = Annotated[int, Field(ge=1, le=1_000), _WHOLE]
JitterSeconds = Annotated[float, Field(ge=0, le=DAY_SECONDS, allow_inf_nan=False), _NUMBER]
WindowSeconds = Annotated[float, Field(gt=0, le=DAY_SECONDS, allow_inf_nan=False), _NUMBER]
MaxBatchItems = Annotated[int, Field(ge=1, le=1_000), _WHOLE]
# Of an asset
MaxAgeSeconds = Annotated[float, Field(gt=0, le=10 * YEAR_SECONDS, allow_inf_nan=False), _NUMBER]
# Of the editor
Coordinate = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False), _NUMBER]
Position = Annotated[tuple[Coordinate, Coordinate], BeforeValidator(_refuse_other_lengths)]
