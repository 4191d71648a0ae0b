"""The wire shape of a problem (RFC 9457), and how errors become one."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.errors import FieldError, LianchengError

PROBLEM_JSON = "application/problem+json"
MOST_ERRORS = 1000


class FieldProblem(BaseModel):
    """One thing that is wrong with what was sent; it holds nothing of the value."""

    row: Annotated[int | None, Field(description="Row of the push: of a table as its program numbers it, else from 1.")]
    column: Annotated[str | None, Field(description="Column of a table: its letter and header.")]
    field: Annotated[str | None, Field(description="Dotted path of the field.")]
    code: Annotated[str, Field(description="Stable code of what is wrong.")]
    detail: Annotated[str, Field(description="What is wrong and what to do, in Chinese.")]

    @classmethod
    def of(cls, error: FieldError) -> "FieldProblem":
        """Shape one thing that is wrong."""
        return cls(row=error.row, column=error.column, field=error.field, code=error.code, detail=error.detail)


class Problem(BaseModel):
    """Why a call has no result (RFC 9457). Never a verdict: the subject is undetermined."""

    type: Annotated[str, Field(description="`urn:liancheng:problem:` and the code.")]
    title: Annotated[str, Field(description="The kind of problem, in English.")]
    status: Annotated[int, Field(description="The HTTP status, repeated.")]
    code: Annotated[str, Field(description="Stable code to branch on.")]
    detail: Annotated[str, Field(description="What is wrong and what to do, in Chinese.")]
    request_id: Annotated[str, Field(description="The `X-Request-ID` of this call, for asking about it.")]
    errors: Annotated[list[FieldProblem], Field(description=f"Each thing that is wrong, up to {MOST_ERRORS}.")]

    @classmethod
    def of(cls, error: LianchengError, request_id: str) -> "Problem":
        """Shape an error. Where one field is all that is wrong, the problem has that field's code."""
        code = error.errors[0].code if len(error.errors) == 1 and error.code == "invalid_input" else error.code
        return cls(
            type=f"urn:liancheng:problem:{code}",
            title=error.title,
            status=error.status,
            code=code,
            detail=error.detail,
            request_id=request_id,
            errors=[FieldProblem.of(one) for one in error.errors[:MOST_ERRORS]],
        )
