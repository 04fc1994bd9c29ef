"""Counts requests and writes figures in the text format of Prometheus."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import psutil
from aiohttp import hdrs, web

from engine.server.answers import answer_to
from engine.server.security import Handler

_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """Requests by route, with a histogram of the time each took."""

    def __init__(self) -> None:
        self.started = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._count: Counter[str] = Counter()

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests[method, route, status] += 1
        self._count[route] += 1
        self._seconds[route] += seconds
        for bound in _BUCKETS_S:
            if seconds <= bound:
                self._buckets[route, bound] += 1

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return every figure; `gauges` by name and labels, those of one name in a row."""
        process = {
            "process_start_time_seconds": self.started,
            "process_resident_memory_bytes": float(psutil.Process().memory_info().rss),
        }
        lines: list[str] = []
        typed = ""
        for key, value in {**process, **gauges}.items():
            name = key.partition("{")[0]
            if name != typed:  # once for each name, whatever the labels
                lines.append(f"# TYPE {name} gauge")
                typed = name
            lines.append(f"{key} {value}")
        return "\n".join([*lines, *self._request_lines(), ""])

    def _request_lines(self) -> Iterable[str]:
        yield "# TYPE tessera_http_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            labels = f'method="{label(method)}",route="{label(route)}",status="{status}"'
            yield f"tessera_http_requests_total{{{labels}}} {count}"
        yield "# TYPE tessera_http_request_seconds histogram"
        for route, count in sorted(self._count.items()):
            name = f'tessera_http_request_seconds_bucket{{route="{label(route)}",le='
            for bound in _BUCKETS_S:
                yield f'{name}"{bound}"}} {self._buckets[route, bound]}'
            yield f'{name}"+Inf"}} {count}'
            yield f'tessera_http_request_seconds_count{{route="{label(route)}"}} {count}'
            total = self._seconds[route]
            yield f'tessera_http_request_seconds_sum{{route="{label(route)}"}} {total:.6f}'


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)


def label(text: str) -> str:
    """Return a label's value as the format wants it."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer failures of any kind, and count every request under its route."""
    start = time.perf_counter()
    try:
        response = await handler(request)
    except Exception as error:  # noqa: BLE001 - the edge: each failure gets its answer
        response = answer_to(error)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    method = request.method if request.method in hdrs.METH_ALL else "other"
    request.app[METRICS].note(method, route, response.status, time.perf_counter() - start)
    return response
