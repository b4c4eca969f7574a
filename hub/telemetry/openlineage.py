"""Turns what happened into events as OpenLineage defines them: imported where they are wanted."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    tags_run,
)
from openlineage.client.uuid import generate_static_uuid

from hub.telemetry.lineage import JobEvent, Rows
from loader import __version__
from loader.warehouse.run_log import moment_of

_PRODUCER = "https://pypi.org/project/data-integration-hub"


def as_openlineage(event: JobEvent, database: str) -> RunEvent:
    """The event as the library sends it.

    The identity of an OpenLineage run is a UUID: of ours, or of a part of it, always the same one;
    our own stands in its tags. Its parent is the run for a part of it, and what
    OPENLINEAGE_PARENT_ID names (namespace/job/UUID) for the run.
    """
    namespace = os.environ.get("OPENLINEAGE_NAMESPACE", "hub")
    facets: dict[str, Any] = {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(_text(event.started_at)),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            version=__version__, name="data-integration-hub"
        ),
        "tags": tags_run.TagsRunFacet(
            tags=[tags_run.TagsRunFacetFields("hub_run_id", event.run_id, "hub")]
        ),
    }
    if parent := _parent_of(event, namespace):
        facets["parent"] = parent
    if event.errors:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=f"failed: {', '.join(event.errors)}", programmingLanguage="SQL"
        )
    return RunEvent(
        eventTime=_text(event.at),
        eventType=RunState(event.state),
        producer=_PRODUCER,
        run=Run(_uuid(event, event.job), facets=facets),
        job=Job(
            namespace,
            f"hub.{event.job}",
            facets={
                "jobType": job_type_job.JobTypeJobFacet(
                    processingType="BATCH",
                    integration="HUB",
                    jobType="MODEL" if event.is_part else "COMMAND",
                )
            },
        ),
        inputs=[
            InputDataset(
                *_place_of(read, database),
                inputFacets={
                    "inputStatistics": (
                        input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                            rowCount=read.rows, fileCount=read.files
                        )
                    )
                },
            )
            for read in event.inputs
        ],
        outputs=[
            OutputDataset(
                *_place_of(written, database),
                outputFacets={
                    "outputStatistics": (
                        output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                            rowCount=written.rows
                        )
                    )
                },
            )
            for written in event.outputs
        ],
    )


def _parent_of(event: JobEvent, namespace: str) -> parent_run.ParentRunFacet | None:
    if event.is_part:
        return parent_run.ParentRunFacet(
            run=parent_run.Run(_uuid(event, event.command)),
            job=parent_run.Job(namespace, f"hub.{event.command}"),
        )
    given = os.environ.get("OPENLINEAGE_PARENT_ID", "")
    parent_namespace, _, rest = given.partition("/")
    job, _, run = rest.rpartition("/")
    if not (parent_namespace and job and run):
        return None
    return parent_run.ParentRunFacet(
        run=parent_run.Run(run), job=parent_run.Job(parent_namespace, job)
    )


def _place_of(data: Rows, database: str) -> tuple[str, str]:
    """Namespace and name of what was read or written, as dbt's own integration names them."""
    if data.files is not None:
        scheme, is_bucket, rest = data.name.partition("://")
        if not is_bucket:
            return "file", data.name
        bucket, _, prefix = rest.partition("/")
        return f"{scheme}://{bucket}", prefix.strip("/") or "/"
    return f"duckdb://{database}", f"{Path(database).stem}.{data.name}"


def _uuid(event: JobEvent, job: str) -> str:
    started = moment_of(event.run_id).replace(tzinfo=UTC)
    return str(generate_static_uuid(started, f"{event.run_id}/{job}".encode()))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
