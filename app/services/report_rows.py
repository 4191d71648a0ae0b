"""The reports as they are sent: one obligation each, by its own id or by the lookup that it follows from."""

import re
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictInt, WithJsonSchema, model_validator

from app.domain.obligations import ReportStatus
from app.services.fields import Day, LongText, ShortText, refuse

MOST_REPORTS = 1000
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?")


def _amount(value: object) -> Decimal:
    """Read yuan; a JSON number would have been through binary fractions before it came here."""
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value).quantize(Decimal("0.01"))
    raise refuse("amount_format", '金额应为字符串，单位元，不得为负，最多两位小数，例如 "12000.00"。')


Amount = Annotated[
    Decimal, PlainValidator(_amount), WithJsonSchema({"type": "string", "pattern": f"^{_AMOUNT.pattern}$"})
]


class ReportRow(BaseModel):
    """What was done about one obligation, or about what follows from one lookup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    obligation_id: Annotated[UUID | None, Field(description="The obligation, as `GET /v1/obligations` has it.")] = None
    lookup_id: Annotated[
        UUID | None,
        Field(description="Instead: a lookup of your department's. With `measure_no`, what its answer obliged you to."),
    ] = None
    measure_no: Annotated[StrictInt | None, Field(ge=1, le=99, description="With `lookup_id`: which measure.")] = None
    status: Annotated[
        ReportStatus, Field(description="`stopped`: its ground has ended, and you no longer carry it out.")
    ]
    acted_on: Annotated[Day, Field(description="办理日期, not after today.")]
    reason: Annotated[LongText | None, Field(description="不适用原因; required for `not_applicable`.")] = None
    amount: Annotated[Amount | None, Field(description="涉及金额 in yuan, as a decimal string.")] = None
    document_no: Annotated[ShortText | None, Field(description="文号 of your own document.")] = None
    remark: Annotated[LongText | None, Field(description="备注.")] = None

    @model_validator(mode="after")
    def _names_one(self) -> "ReportRow":
        by_lookup = self.lookup_id is not None or self.measure_no is not None
        if (self.obligation_id is not None) == by_lookup or (self.lookup_id is None) != (self.measure_no is None):
            raise refuse("target_either_way", "须写明 obligation_id，或同时写明 lookup_id 与 measure_no，二者择一。")
        return self

    @model_validator(mode="after")
    def _says_why_not(self) -> "ReportRow":
        if self.status is ReportStatus.NOT_APPLICABLE and self.reason is None:
            raise refuse("reason_required", "不适用的，须写明原因（reason）。")
        return self
