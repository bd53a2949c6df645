//! Configuration from the environment, telemetry, shutdown.
