"""Settings of the Celery workers, which dagster-celery finds on the PYTHONPATH; the broker is in the environment."""

# Says that a worker has begun: the run finds out when that worker dies before the step itself begins.
task_track_started = True

# A worker takes what it can begin at once, and nothing more: what it holds back, nobody else could do if it died.
worker_prefetch_multiplier = 1
worker_disable_prefetch = True  # for Redis

# For Redis: when what a worker was given and did not live to acknowledge is given to another one, in seconds. Workers
# acknowledge when they begin, so this is not a limit on how long a step may take.
broker_transport_options = {"visibility_timeout": 60}
broker_connection_retry_on_startup = True
