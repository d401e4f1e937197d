"""Sensors in datastreams."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model, if_given
from api.schemas.fields import MOST_ROWS, OFFSET_TIME, Instant, Name, Versioned

Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]


class SensorChange(BaseModel):
    """Fields of a sensor to change; the others stay."""

    model_config = ConfigDict(extra="forbid")

    model: Name = if_given("The sensor's model.")
    maker: Line = if_given("Who makes it.")
    serial_number: Line = if_given()
    firmware: Line = if_given("Its firmware's version.")
    valid_to: Instant | None = Field(
        default=None, description="When it was taken out, not included; null: it measures on."
    )


class NewSensor(BaseModel):
    """A sensor that measures from a time on, in place of the one that did until then."""

    model_config = ConfigDict(extra="forbid")

    datastream: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Number of the datastream.")]
    model: Annotated[Name, Field(description="The sensor's model.")]
    maker: Line = ""
    serial_number: Line = ""
    firmware: Line = ""
    valid_from: Annotated[Instant, Field(description=OFFSET_TIME)]


class CalibrationOfSensor(Model):
    """A calibration while the sensor measured."""

    id: int
    valid_from: datetime
    valid_to: datetime | None
    gain: float
    offset: float
    reference: str


class Sensor(Versioned):
    """Which sensor a datastream's values came from, for valid_from <= time < valid_to."""

    id: int
    datastream: int
    thing: str
    observed_property: str
    model: str
    maker: str
    serial_number: str
    firmware: str
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null: it measures on.")
    recorded_by: str
    recorded_at: datetime
    calibrations: list[CalibrationOfSensor] = Field(
        description="Of the datastream, in the time for which the sensor counts."
    )


SENSOR: dict[str, Any] = {
    "id": 1,
    "datastream": 1,
    "thing": "ha-long-air-1",
    "observed_property": "pm2_5",
    "model": "OPC-N3",
    "maker": "Alphasense",
    "serial_number": "4711",
    "firmware": "1.18",
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_to": None,
    "recorded_by": "van of Hạ Long",
    "recorded_at": "2026-11-02T03:00:00Z",
    "calibrations": [
        {
            "id": 1,
            "valid_from": "2026-11-01T00:00:00Z",
            "valid_to": None,
            "gain": 0.92,
            "offset": 0.0,
            "reference": "certificate K-114",
        }
    ],
    "version": 1,
    "changed_at": "2026-11-02T03:00:00Z",
}
