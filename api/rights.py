"""Who may do what: roles, the rights that each has, and the right that each operation needs. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Role(StrEnum):
    """What somebody is to the city."""

    PUBLIC = "public"
    PLANNER = "planner"
    OPERATOR = "operator"
    INSTALLER = "installer"
    ADMIN = "admin"


class Right(StrEnum):
    """What may be done; its value ends the sentence "… may not …"."""

    INDICATORS = "read indicators"
    RAW = "read what devices send (things, observations, gateways, refusals, status, alerts)"
    LISTEN = "listen to gateways over MQTT"
    DOWNLINK = "read what is sent to gateways (commands, configurations, roll-outs of firmware)"
    EXPORT = "have files made"
    OPERATE = "acknowledge and silence alerts"
    COMMAND = "send commands to gateways, and cancel them"
    CONFIGURE = "change the configuration of gateways"
    ROLL_OUT = "roll out firmware"
    REGISTER = "register, accept, move, enrol and maintain gateways and devices, and see who changed them"
    ADMINISTER = "change the rules of alerts, observed properties and calibrations"


#: rights that HALONG_API_PUBLIC=true gives to everyone
OPENED: Final = frozenset({Right.INDICATORS, Right.RAW})
_PLANNER: Final = frozenset({Right.INDICATORS, Right.EXPORT})
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.PUBLIC: frozenset(),
    Role.PLANNER: _PLANNER,
    Role.OPERATOR: _PLANNER | {Right.RAW, Right.LISTEN, Right.DOWNLINK, Right.OPERATE, Right.COMMAND},
    Role.INSTALLER: _PLANNER
    | {Right.RAW, Right.LISTEN, Right.DOWNLINK, Right.COMMAND, Right.CONFIGURE, Right.REGISTER},
    Role.ADMIN: frozenset(Right),
}
#: roles that may be confined to areas: open data are everyone's, and rules of alerts are the whole city's
CONFINED: Final = frozenset({Role.PLANNER, Role.OPERATOR, Role.INSTALLER})

_OPERATIONS: Final[Mapping[Right, tuple[str, ...]]] = {
    Right.INDICATORS: (
        "listAreas",
        "listAreasAsGeoJson",
        "getArea",
        "listObservedProperties",
        "getRegisteredObservedProperty",
        "listIndicators",
        "getIndicator",
        "listValues",
        "listLatestIndicatorValues",
        "listIndicatorValues",
        "compareIndicator",
        "rankIndicator",
        "listRevisions",
        "explainIndicatorValue",
        # What else is told needs RAW: api.routers.live leaves it out.
        "streamEvents",
    ),
    Right.RAW: (
        "listThings",
        "getThing",
        "listInstallations",
        "listDatastreams",
        "getDatastream",
        "listLatestObservations",
        "listObservationsOfDatastream",
        "listObservations",
        "listGateways",
        "getGateway",
        "listRefusals",
        "getRefusal",
        "listUnknownThings",
        "getUnknownThing",
        "getStatus",
        "listFirmware",
        "listLiveness",
        "getAvailability",
        "listAlerts",
        "getAlert",
        "listAlertRules",
        "getAlertRule",
        "listAlertSilences",
        "getAlertSilence",
        "getRegisteredGateway",
        "getRegisteredThing",
        "getRegisteredDatastream",
        "listCalibrations",
        "getCalibration",
        "listSensors",
        "getSensor",
        "listMaintenanceWindows",
        "getMaintenanceWindow",
    ),
    Right.DOWNLINK: ("listCommands", "getCommand", "listConfigs", "getConfig", "listRollouts", "getRollout"),
    # The roles that have RAW; not opened with it, since a token is somebody's.
    Right.LISTEN: ("createMqttToken", "endMqttToken"),
    # Of observations it needs RAW too: api.routers.exports asks for it.
    Right.EXPORT: ("createExport", "listExports", "getExport", "deleteExport", "getExportFile"),
    Right.OPERATE: ("acknowledgeAlert", "createAlertSilence", "endAlertSilence"),
    Right.COMMAND: ("createCommand", "cancelCommand"),
    Right.CONFIGURE: ("changeConfig",),
    Right.ROLL_OUT: ("createRollout", "stopRollout"),
    Right.REGISTER: (
        "moveThing",
        "moveGateway",
        "createEnrolmentToken",
        "createGateway",
        "changeGateway",
        "deleteGateway",
        "createThing",
        "changeThing",
        "deleteThing",
        "createDatastream",
        "changeDatastream",
        "deleteDatastream",
        "acceptUnknownThing",
        "ignoreUnknownThing",
        "listAutomaticAcceptance",
        "setAutomaticAcceptance",
        "endAutomaticAcceptance",
        "createSensor",
        "changeSensor",
        "deleteSensor",
        "createMaintenanceWindow",
        "endMaintenanceWindow",
        # Of what stands in no area it needs ADMINISTER too: api.routers.changes asks for it.
        "listChanges",
    ),
    Right.ADMINISTER: (
        "createAlertRule",
        "changeAlertRule",
        "deleteAlertRule",
        "createObservedProperty",
        "changeObservedProperty",
        "deleteObservedProperty",
        "createCalibration",
        "changeCalibration",
        "deleteCalibration",
    ),
}
#: operations that ask for no key, since what they are sent is a secret of its own
WITHOUT_KEY: Final = frozenset({"enrol"})
#: operation's id -> the right that it needs
NEEDED: Final[Mapping[str, Right]] = {
    operation: right for right, operations in _OPERATIONS.items() for operation in operations
}


def roles_with(right: Right) -> tuple[Role, ...]:
    """Return the roles that have a right, the one with the fewest others first."""
    return tuple(sorted((role for role in Role if right in RIGHTS[role]), key=lambda role: len(RIGHTS[role])))


def require_rules(operations: Iterable[str]) -> None:
    """Check that it is said of each operation who may do it.

    Raises:
        ValueError: one has no rule, or a rule is of none.
    """
    found = set(operations)
    if wrong := sorted(found ^ set(NEEDED)):
        raise ValueError(f"{', '.join(wrong)}: api/rights.py says who may do each operation, and no others")
