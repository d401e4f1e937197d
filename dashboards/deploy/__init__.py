"""Bring data source, dashboards and alarms to a Grafana by its HTTP API; what is right is left alone."""

from dashboards.deploy.changes import Action, Change
from dashboards.deploy.kinds import FOLDER, Database, Wanted, datasource
from dashboards.deploy.run import deploy, plan

__all__ = ["FOLDER", "Action", "Change", "Database", "Wanted", "datasource", "deploy", "plan"]
