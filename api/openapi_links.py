"""Where an answer leads (OpenAPI 3.1, 4.8.20): what of it the next operation is asked with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_CODE: Final = {"code": "/items/0/code"}
_FIRST_ID: Final = {"id": "/items/0/id"}
_CODE: Final = {"code": "/code"}
_ID: Final = {"id": "/id"}
_VALUE: Final = {"code": "/items/0/indicator", "area": "/items/0/area", "time": "/items/0/time"}
#: operation -> further operation -> its parameter -> where in the first one's answer its value stands
LINKS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "listAreas": {"getArea": _FIRST_CODE},
    "listThings": {"getThing": _FIRST_CODE},
    "getThing": {"getDatastream": {"id": "/datastreams/0/id"}, "listObservations": {"thing": "/code"}},
    "listDatastreams": {"getDatastream": _FIRST_ID, "listObservationsOfDatastream": _FIRST_ID},
    "listGateways": {"getGateway": _FIRST_CODE, "listRefusals": {"gateway": "/items/0/code"}},
    "listIndicators": {
        "getIndicator": _FIRST_CODE,
        "listIndicatorValues": _FIRST_CODE,
        "compareIndicator": _FIRST_CODE,
        "rankIndicator": _FIRST_CODE,
    },
    "listLatestIndicatorValues": {"explainIndicatorValue": _VALUE, "listRevisions": _VALUE},
    "createExport": {"getExport": _ID, "getExportFile": _ID, "deleteExport": _ID},
    "listExports": {"getExport": _FIRST_ID},
    "listUnknownThings": {
        "getUnknownThing": _FIRST_ID,
        "acceptUnknownThing": _FIRST_ID,
        "ignoreUnknownThing": _FIRST_ID,
    },
    "listCommands": {"getCommand": _FIRST_ID, "cancelCommand": _FIRST_ID},
    "createCommand": {"getCommand": _ID, "cancelCommand": _ID},
    "listRollouts": {"getRollout": _FIRST_ID, "stopRollout": _FIRST_ID},
    "createRollout": {"getRollout": _ID, "stopRollout": _ID},
    "listConfigs": {"getConfig": {"gateway": "/items/0/gateway"}},
    "listAlerts": {"getAlert": _FIRST_ID, "acknowledgeAlert": _FIRST_ID},
    "listAlertRules": {"getAlertRule": _FIRST_CODE},
    "createAlertRule": {"getAlertRule": _CODE, "changeAlertRule": _CODE, "deleteAlertRule": _CODE},
    "createGateway": {"getRegisteredGateway": _CODE, "changeGateway": _CODE, "deleteGateway": _CODE},
    "createThing": {"getRegisteredThing": _CODE, "changeThing": _CODE, "deleteThing": _CODE},
    "createDatastream": {"getRegisteredDatastream": _ID, "changeDatastream": _ID, "deleteDatastream": _ID},
    "createObservedProperty": {
        "getRegisteredObservedProperty": _CODE,
        "changeObservedProperty": _CODE,
        "deleteObservedProperty": _CODE,
    },
    "listCalibrations": {"getCalibration": _FIRST_ID},
    "createCalibration": {"getCalibration": _ID, "changeCalibration": _ID, "deleteCalibration": _ID},
    "listAlertSilences": {"getAlertSilence": _FIRST_ID},
    "createAlertSilence": {"getAlertSilence": _ID, "endAlertSilence": _ID},
}


def add_links(operation: dict[str, Any]) -> None:
    """Add to an operation's answer where it leads."""
    links = {
        following: {
            "operationId": following,
            "parameters": {name: f"$response.body#{place}" for name, place in parameters.items()},
        }
        for following, parameters in LINKS.get(operation["operationId"], {}).items()
    }
    if links:
        answered = next(status for status in operation["responses"] if status.startswith("2"))
        operation["responses"][answered]["links"] = links
