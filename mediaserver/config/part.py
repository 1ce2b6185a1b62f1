"""What every part of the configuration file shares: strictness, and the types of its values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[\w.\-]+$")]
Digits = Annotated[str, Field(pattern=r"^[0-9*#+]+$")]
Pattern = Annotated[str, Field(pattern=r"^[0-9X]+\*?$|^\*$")]
FilePath = Annotated[Path, Field(strict=False)]
Port = Annotated[int, Field(ge=0, le=65535)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if not (v == "" and k in cls._optional())}

    @classmethod
    def _optional(cls) -> set[str]:
        """Keys whose default an empty string stands for."""
        fields = cls.model_fields.items()
        return {k for k, f in fields if f.default is None or "{data_dir}" in str(f.default)}
