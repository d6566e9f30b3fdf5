"""The chat page and its assets."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from api.deps import SettingsDep
from api.schemas.chat import LONGEST_MESSAGE

CONSOLE = Path(__file__).parents[2] / "console"
STARTERS = (
    {"say": "What do you recommend for sleep under $40?", "icon": "moon"},
    {"say": "What does a membership give me?", "icon": "seal"},
    {"say": "Which raffles are open?", "icon": "ticket"},
    {"say": "I'd like to talk to a person", "icon": "person"},
)
templates = Jinja2Templates(directory=CONSOLE / "templates")
router = APIRouter(include_in_schema=False)


class Assets(StaticFiles):
    """Files that a browser caches and revalidates each time, so that a new release is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount_assets(app: FastAPI) -> None:
    app.mount("/static", Assets(directory=CONSOLE / "static"), name="static")


@router.get("/", response_class=HTMLResponse)
def chat_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    shown = {"shop": settings.shop.name, "starters": STARTERS, "longest": LONGEST_MESSAGE}
    return templates.TemplateResponse(request, "chat.html", shown)
