"""TimescaleDB and Mosquitto as child processes of halong, without Docker and without touching the system."""
