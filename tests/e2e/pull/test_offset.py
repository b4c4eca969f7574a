"""Pages by offset and limit are pulled to the end, whatever the API makes of the limit."""

from typing import Any

import pytest

from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import Pull, landed, measurements, states, told
from tests.support.workbench import Workbench

OFFSET = {"kind": "offset"}


class TestOffset:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "pagination",
        [OFFSET, {**OFFSET, "has_more": "meta.more"}, {**OFFSET, "total": "meta.total"}],
        ids=str,
    )
    def test_goes_on_behind_the_items_that_came(
        self, own_project: Workbench, pull: Pull, pagination: dict[str, Any]
    ) -> None:
        """The API gives five items at most, though ten are asked for."""
        with SampleApi(measurements(12), sizes=(5,)) as api:
            result = pull(api, pagination={**pagination, "size": 10})

        assert result.exit_code == 0
        assert landed(own_project) == api.records
        asked = [request.query for request in api.requests]
        assert asked[:3] == [{"offset": place, "limit": "10"} for place in ("0", "5", "10")]
        assert len(asked) == (4 if pagination == OFFSET else 3)

    def test_has_names_and_a_start_of_its_own(self, own_project: Workbench, pull: Pull) -> None:
        def from_one(request: Request) -> Answer:
            asked = {"offset": str(int(request.query["skip"]) - 1)}
            return api.page(Request(request.path, asked, request.headers, None))

        with SampleApi(measurements(4), answer=from_one) as api:
            names = {"parameter": "skip", "start": 1, "size_parameter": "take", "size": 3}
            pull(api, pagination={**OFFSET, **names})

        assert landed(own_project) == api.records
        assert api.requests[1].query == {"skip": "4", "take": "3"}

    def test_behind_the_last_item_may_be_unknown_to_the_api(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def not_found(request: Request) -> Answer | None:
            return Answer(404) if request.query["offset"] == "6" else None

        with SampleApi(measurements(6), answer=not_found) as api:
            assert pull(api, pagination=OFFSET).exit_code == 0

        assert landed(own_project) == api.records

    def test_is_kept_and_gone_on_from(self, own_project: Workbench, pull: Pull) -> None:
        faults = {2: "503", 3: "503"}
        with SampleApi(measurements(9), faults=faults.get) as api:
            told(pull(api, pagination=OFFSET, retries={"attempts": 2, "first_wait": 0.001}))
            assert states(own_project)["position"] == "6"
            assert pull(api, pagination=OFFSET).sources[0].resumed

        assert landed(own_project) == api.records

    def test_that_the_api_does_not_heed_ends_with_a_warning(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(2)) as api:
            result = pull(api, pagination={**OFFSET, "parameter": "ofset"})

        assert "page 2 repeats one before it" in result.sources[0].warnings[0]

    def test_that_the_api_does_not_heed_fails_where_the_page_is_full(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        with SampleApi(measurements(9)) as api:
            wrong = {**OFFSET, "parameter": "ofset", "size": 3}
            assert "repeats one before it, though more should follow" in told(
                pull(api, pagination=wrong)
            )

    def test_cannot_go_on_behind_no_items(self, own_project: Workbench, pull: Pull) -> None:
        answer = Answer(body=b'{"data": {"items": []}, "meta": {"more": true}}')
        with SampleApi([], answer=lambda request: answer) as api:
            error = told(pull(api, pagination={**OFFSET, "has_more": "meta.more"}))

        assert "an empty page at offset, though the API says that more follows" in error
