"""The OpenAPI document, made of the registered routes and what their handlers tell."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec
from aiohttp import web

from engine.server.description import Description, description_of

_PARAMETER = re.compile(r"{(\w+)(:[^{}]*)?}")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def openapi(app: web.Application) -> dict[str, Any]:
    """Return the document; one path for each address, the catch-all left out."""
    described = [route for route in app.router.routes() if _is_listed(route)]
    bodies = {id(route): description_of(route.handler).body for route in described}
    kinds = [body for body in dict.fromkeys(bodies.values()) if body is not None]
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for route in described:
        body = bodies[id(route)]
        operation = _operation(route, None if body is None else by_kind[body])
        paths.setdefault(path_of(route), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tessera",
            "version": "1",
            "description": "Every address also exists without /api, but for those of Tessera.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def path_of(route: web.AbstractRoute) -> str:
    """Return a route's path as OpenAPI writes it: `/view_metadata/{folder}`."""
    assert route.resource is not None
    return _PARAMETER.sub(r"{\1}", route.resource.canonical)


def _is_listed(route: web.AbstractRoute) -> bool:
    if route.resource is None or route.method not in _METHODS:
        return False
    path = route.resource.canonical
    return path.startswith(("/api/", "/internal/", "/ws")) and path != "/api/ws"


def _operation(route: web.AbstractRoute, schema: dict[str, Any] | None) -> dict[str, Any]:
    description = description_of(route.handler)
    assert route.resource is not None
    operation: dict[str, Any] = {
        "summary": (inspect.getdoc(route.handler) or "").partition("\n\n")[0].replace("\n", " "),
        "parameters": [
            *(_parameter(name, "path", "") for name, _ in _parameters(route.resource.canonical)),
            *(_parameter(name, "query", text) for name, text in description.query.items()),
        ],
        "responses": {
            "200": {"description": "Done.", "content": {description.answer: {}}},
            "default": {"description": "A failure: {error: {type, message, …}, node_errors}."},
        },
    }
    content = _content(description, schema)
    if content:
        operation["requestBody"] = {"content": content}
    return operation


def _content(description: Description, schema: dict[str, Any] | None) -> dict[str, Any]:
    if schema is not None:
        return {"application/json": {"schema": schema}}
    if description.form:
        fields = {
            name: {"type": "string", "description": text} for name, text in description.form.items()
        }
        return {"multipart/form-data": {"schema": {"type": "object", "properties": fields}}}
    return {}


def _parameters(path: str) -> list[tuple[str, str]]:
    return [(match[1], match[0]) for match in _PARAMETER.finditer(path)]


def _parameter(name: str, place: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": text,
        "schema": {"type": "string"},
    }
