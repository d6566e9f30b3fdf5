"""The API reference at `/docs`, with all its assets served from here."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS = Path(fastapi_offline.__file__).parent / "static"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LivHana API</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<script src="/docs/assets/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body><div id="reference"></div></body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
router = APIRouter(prefix="/docs", include_in_schema=False)


def mount_assets(app: FastAPI) -> None:
    app.mount("/docs/assets", StaticFiles(directory=ASSETS), name="reference")


@router.get("")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


@router.get("/start.js")
async def start() -> Response:
    return Response(START, media_type="text/javascript")
