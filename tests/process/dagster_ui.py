"""What Dagster's UI asks its server for assets, as GraphQL."""

from dataclasses import dataclass
from typing import Any

import httpx2

_LAUNCH = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { id } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }"""
_REEXECUTE = """mutation($p: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $p) {
  __typename ... on LaunchRunSuccess { run { id } } ... on PythonError { message } } }"""
_BACKFILL = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  status error { message }
  assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts { numPartitionsTargeted
    numPartitionsMaterialized numPartitionsFailed numPartitionsInProgress } } } } } }"""
_ASSET = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { id jobNames staleStatus
  description partitionStats { numMaterialized numFailed numMaterializing numPartitions }
  assetMaterializations(limit: 500) { runId partition tags { key value }
    metadataEntries { label ... on TextMetadataEntry { text } } }
  assetObservations(limit: 50) { description partition }
  dependencyKeys { path } dependedByKeys { path } isMaterializable isPartitioned } } }"""
_LATEST = """query($keys: [AssetKeyInput!]!) { assetsLatestInfo(assetKeys: $keys) { latestRun { id status }
  inProgressRunIds unstartedRunIds } }"""
_TICKS = """query($selector: SensorSelector!) { sensorOrError(sensorSelector: $selector) { ... on Sensor {
  sensorState { ticks(statuses: [SUCCESS, SKIPPED], limit: 5000) { id } } } } }"""
_ADD_PARTITION = """mutation($repository: RepositorySelector!, $set: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $repository, partitionsDefName: $set, partitionKey: $key) {
  __typename ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
_RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value } assetSelection { path } } } }"
_CHECKS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { assetChecksOrError {
  ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } } }"""


_REPOSITORY = {"repositoryLocationName": "agentmesh", "repositoryName": "__repository__"}


@dataclass(frozen=True)
class DagsterUi:
    client: httpx2.Client

    def ask(self, query: str, **variables: Any) -> Any:
        answer = self.client.post("/graphql", json={"query": query, "variables": variables}).raise_for_status().json()
        assert not answer.get("errors"), answer
        return next(iter(answer["data"].values()))

    def materialize(self, *keys: str, partition: str | None = None, **tags: str) -> str:
        """The button Materialize; the id of the Dagster run."""
        tags = tags if partition is None else {**tags, "dagster/partition": partition}
        said = self.ask(
            _LAUNCH,
            p={
                "selector": self._select(*keys),
                "runConfigData": {},
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            },
        )
        assert said["__typename"] == "LaunchRunSuccess", said
        return said["run"]["id"]

    def reexecute(self, run_id: str, strategy: str) -> str:
        said = self.ask(_REEXECUTE, p={"parentRunId": run_id, "strategy": strategy})
        assert said["__typename"] == "LaunchRunSuccess", said
        return said["run"]["id"]

    def backfill(self, key: str, partitions: list[str], *parts: str) -> str:
        """`parts`: the keys of the asset's parts, which Dagster makes with it or not at all."""
        keys = [{"path": one.split("/")} for one in (key, *parts)]
        said = self.ask(_BACKFILL, p={"assetSelection": keys, "partitionNames": partitions, "tags": []})
        assert said["__typename"] == "LaunchBackfillSuccess", said
        return said["backfillId"]

    def read_backfill(self, backfill_id: str) -> tuple[str, dict[str, int]]:
        """Its status, and how many partitions of the asset came to what."""
        said = self.ask(_BACKFILL_STATUS, id=backfill_id)
        statuses = said["assetBackfillData"]["assetBackfillStatuses"] if said["assetBackfillData"] else [{}]
        return said["status"], statuses[0]

    def read_asset(self, key: str) -> Any:
        return self.ask(_ASSET, key={"path": key.split("/")})

    def read_latest(self, key: str) -> Any:
        [found] = self.ask(_LATEST, keys=[{"path": key.split("/")}])
        return found

    def read_checks(self, key: str) -> Any:
        return self.ask(_CHECKS, key={"path": key.split("/")})["assetChecksOrError"]["checks"]

    def read_run(self, run_id: str) -> Any:
        return self.ask(_RUN, id=run_id)

    def count_automation_ticks(self) -> int:
        """How often the daemon has evaluated the conditions of all assets."""
        selector = {**_REPOSITORY, "sensorName": "agentmesh_assets"}
        return len((self.ask(_TICKS, selector=selector).get("sensorState") or {}).get("ticks") or ())

    def add_partition(self, partition_set: str, key: str) -> None:
        said = self.ask(_ADD_PARTITION, repository=_REPOSITORY, set=partition_set, key=key)
        assert said["__typename"] == "AddDynamicPartitionSuccess", said

    def terminate(self, run_id: str) -> None:
        self.ask(_TERMINATE, id=run_id)

    @staticmethod
    def _select(*keys: str) -> dict[str, Any]:
        return {
            **_REPOSITORY,
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": key.split("/")} for key in keys],
            "assetCheckSelection": None,
        }
