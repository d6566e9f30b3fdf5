from pathlib import Path

from api.entrypoints.supervisor.trained import is_trained, mark_trained


def test_models_count_as_trained_once_they_are_marked(tmp_path: Path) -> None:
    before = is_trained(tmp_path)

    mark_trained(tmp_path)

    assert (before, is_trained(tmp_path)) == (False, True)


def test_models_of_another_version_are_trained_again(tmp_path: Path) -> None:
    mark_trained(tmp_path)
    (tmp_path / "trained").write_text("another")

    assert not is_trained(tmp_path)
