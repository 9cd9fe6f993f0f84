"""A run that was interrupted, however it was, ends as if it had not been."""

import errno
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.numpy import load_file

import textrnn
from tests.fakes import answers
from tests.training.killed import SETTINGS
from tests.training.labelled import written
from textrnn.data import Data
from textrnn.errors import DataError, ModelError, TrainingError, UsageError
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.training import corpus
from textrnn.training.optimizers import Schedule
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin, extend, resume

QUICK = {
    **{"units": 6, "embedding_size": 4, "batch": 2, "window": 8, "dropout": 0.2, "precision": "float32", "patience": 0},
    **{"steps": 6, "evaluations": 3, "valid_symbols": 50, "save_seconds": 0.0},
}


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """A text of a few thousand pieces."""
    path = tmp_path_factory.mktemp("text") / "song.txt"
    path.write_text("".join(f"verse {n}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(300)))
    return path


@pytest.fixture(scope="module")
def pairs(text) -> Path:
    """The same, each line with its words turned round."""
    lines = text.read_text().splitlines()
    path = text.with_name("song.tsv")
    path.write_text("source\ttarget\n" + "".join(f"{line}\t{' '.join(line.split()[::-1])}\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def records(text) -> Path:
    """The same, each line with a label."""
    lines = text.read_text().splitlines()
    return written(text.with_name("song.jsonl"), [(line, str(len(line) % 3)) for line in lines])


def outcome(folder: Path) -> tuple[dict[str, list], list[dict]]:
    """The weights of a model, and its history without what a clock says."""
    model = ModelFolder(folder)
    weights = load_file(folder / model.config.parts["model.safetensors"].file)
    rows = [json.loads(line) for line in model.read("history.jsonl").splitlines()]
    clock = ("seconds", "symbols_per_second")
    history = [{name: value for name, value in row.items() if name not in clock} for row in rows]
    return {name: value.tolist() for name, value in weights.items()}, history


@pytest.mark.parametrize(
    ("seed", "way"),
    [
        (0, "contiguous"),
        *(
            pytest.param(seed, way, marks=pytest.mark.slow)
            for seed, way in ((0, "reshape"), (0, "classifier"), (0, "translator"), (1, "contiguous"), (1, "shift"))
        ),
    ],
)
def test_a_run_that_is_killed_at_random_ends_with_the_same_weights_and_history(
    seed, way, text, records, pairs, tmp_path
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    read = {"classifier": records, "translator": pairs}.get(way, text)
    command = [sys.executable, "-m", "tests.training.killed", *map(str, (read, whole, killed, seed, way))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lives = json.loads(done.stdout)
    assert lives["codes"][:-1] == [-signal.SIGKILL] * (len(lives["codes"]) - 1)
    assert len(lives["codes"]) > 20
    assert {"update", "fsync", "replace"} <= {call.removeprefix("after ") for call in lives["killed_in"]}
    assert outcome(killed) == outcome(whole)
    assert outcome(whole)[1][-1]["step"] == SETTINGS["steps"]


def begun(text: Path, out: Path, **values) -> TrainingRun:
    return begin("lm", Data(files=(str(text),)), out, training_settings({**QUICK, **values}))


def finish(run: TrainingRun) -> dict:
    for _ in run.rows():
        pass
    return outcome(run.out)


def stopped(run: TrainingRun, step: int) -> Path:
    """The folder of a run that was asked to stop in the midst of a step."""
    update = run.state.update

    def last(*arguments, symbols: int) -> None:
        update(*arguments, symbols=symbols)
        if run.state.step == step:
            run.stop()

    run.state.update = last
    for _ in run.rows():
        pass
    assert run.state.step == step
    return run.out


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory) -> dict:
    """What a run that nobody interrupted comes to."""
    return finish(begun(text, tmp_path_factory.mktemp("whole") / "model"))


@pytest.mark.parametrize("step", range(1, 6))
def test_a_run_that_is_stopped_at_any_step_goes_on_from_it(text, whole, tmp_path, step):
    folder = stopped(begun(text, tmp_path / "model"), step)
    run = resume(folder)
    assert run.state.step == step
    assert finish(run) == whole


@pytest.mark.parametrize(("windows", "epoch"), [("reshape", 3), ("shift", 5)])
def test_a_run_of_shuffled_examples_goes_on_in_its_order_at_any_step_of_an_epoch(text, tmp_path, windows, epoch):
    values = {"windows": windows, "window": 100, "batch": 64, "steps": epoch + 3}
    run = begun(text, tmp_path / "whole", **values)
    assert run.task.steps_per_epoch == epoch
    expected = finish(run)
    for step in range(1, epoch + 2):
        folder = stopped(begun(text, tmp_path / str(step), **values), step)
        with pytest.raises(UsageError, match=f"windows was {windows} and is now contiguous: a run keeps its settings"):
            resume(folder, asked=training_settings({"windows": "contiguous"}))
        assert finish(resume(folder, asked=training_settings({"windows": windows}))) == expected


def test_a_run_goes_on_without_its_text_and_in_another_place(text, whole, tmp_path):
    copy = shutil.copy(text, tmp_path / "copy.txt")
    folder = stopped(begun(Path(copy), tmp_path / "model"), 3)
    os.remove(copy)
    assert finish(resume(folder.rename(tmp_path / "moved"))) == whole


@pytest.mark.parametrize(("level", "windows"), [("char", "contiguous"), ("word", "contiguous"), ("word", "shift")])
def test_a_stream_that_is_stopped_goes_on_in_its_shard(tmp_path, monkeypatch, level, windows):
    monkeypatch.setattr(corpus, "STREAM_HELD", 300)
    monkeypatch.setattr(corpus, "StreamedIds", partial(corpus.StreamedIds, symbols=200))
    monkeypatch.setattr("textrnn.training.ids.CHARACTERS_AT_ONCE", 150)
    (tmp_path / "song.txt").write_text("".join(f"verse {n}: the {'la ' * (n % 7)}\n" for n in range(300)))
    data = Data(files=(str(tmp_path / "song.txt"),), streaming=True)
    settings = training_settings({**QUICK, "level": level, "unit": "line", "windows": windows, "steps": 60})
    expected = finish(begin("lm", data, tmp_path / "whole", settings))
    folder = stopped(begin("lm", data, tmp_path / "model", settings), 43)
    run = resume(folder, data=data, asked=settings)
    assert run.task.position().shard >= 1
    assert finish(run) == expected
    stopped(begin("lm", data, tmp_path / "again", settings), 43)
    (tmp_path / "song.txt").write_text("another song\n" * 300)
    with pytest.raises(UsageError, match=r"song\.txt has changed since the run was begun"):
        resume(tmp_path / "again")


def test_ctrl_c_leaves_a_folder_that_goes_on(text, tmp_path, run):
    """A real process and a real signal, sent when it has said its first figure."""
    flags = ["--units=6", "--embedding-size=4", "--batch=2", "--window=8", "--precision=float32", "--patience=0"]
    flags += ["--steps=40", *("--set", "evaluations=40", "--set", "valid_symbols=50")]
    folder = tmp_path / "model"
    command = [sys.executable, "-m", "textrnn", "train", "lm", str(text), "--out", str(folder), *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, pipesize=4096) as process:  # it waits for us
        said = next(line for line in process.stderr if line.startswith("step "))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert f"interrupted at step {resume(folder).state.step:,} of 40" in rest
    assert rest.endswith(f"go on: textrnn train lm --out {folder} --resume\n")
    assert said.startswith("step 1 of 40")
    assert run("train", "lm", "--out", folder, "--resume").code == 0
    assert run("train", "lm", text, "--out", tmp_path / "whole", *flags).code == 0
    assert outcome(folder) == outcome(tmp_path / "whole")


def test_a_setting_that_has_changed_is_named_and_one_that_has_not_may_be_given_again(text, tmp_path):
    folder = stopped(begun(text, tmp_path / "model"), 2)
    for values, says in (
        ({"units": 7}, "units was 6 and is now 7"),
        ({"level": "word"}, "level was char and is now word"),
        ({"steps": 9}, "steps was 6 and is now 9"),
        ({"rate": 0.5}, "rate was 0.009 and is now 0.5"),
    ):
        with pytest.raises(UsageError, match=f"{says}: a run keeps its settings"):
            resume(folder, asked=training_settings(values))
    assert resume(folder, asked=training_settings(QUICK)).state.step == 2
    assert resume(folder, asked=training_settings({"rate": 0.009, "unit": "text"})).state.step == 2


def test_a_text_that_has_changed_is_named_and_a_new_name_is_none(text, tmp_path):
    mine, other = tmp_path / "mine.txt", tmp_path / "other.txt"
    shutil.copy(text, mine)
    other.write_text("another text\n" * 200)
    both = Data(files=(str(mine), str(other)))
    settings = training_settings(QUICK)
    run = begin("lm", both, tmp_path / "model", settings)
    stopped(run, 2)

    def goes_on(*files: Path) -> bool:
        return resume(tmp_path / "model", data=Data(files=tuple(map(str, files)))).state.step == 2

    assert goes_on(mine, other)
    renamed = mine.rename(tmp_path / "renamed.txt")
    assert goes_on(renamed, other)
    with pytest.raises(UsageError, match=r"mine\.txt was read when the run was begun, and is not given now"):
        goes_on(other)
    with pytest.raises(UsageError, match=r"test_resume\.py was not read when the run was begun"):
        goes_on(renamed, Path(__file__))
    with pytest.raises(DataError, match=r"mine\.txt"):
        goes_on(mine, other)
    for data, says in (
        (Data(files=(), encoding="latin-1"), "encoding was utf-8 and is now latin-1"),
        (Data(files=(), column="body"), "column was None and is now body"),
        (Data(files=(), valid=str(other)), "was read when the run was begun, and is not given now"),
    ):
        with pytest.raises(UsageError, match=says):
            resume(tmp_path / "model", data=data)
    other.write_text("another text\n" * 199)
    with pytest.raises(UsageError, match=r"other\.txt has changed since the run was begun"):
        goes_on(renamed, other)


def test_a_run_that_has_ended_does_not_resume_and_one_that_has_not_is_not_extended(text, tmp_path):
    run = begun(text, tmp_path / "model")
    folder = stopped(run, 3)
    with pytest.raises(UsageError, match="has not ended, it is at step 3 of 6: --resume goes on"):
        extend(folder, asked=training_settings({"steps": 3}))
    finish(resume(folder))
    with pytest.raises(UsageError, match=r"has ended \(done\): --extend"):
        resume(folder)


def test_an_extended_run_goes_on_by_a_new_schedule(text, tmp_path):
    folder = tmp_path / "model"
    first = begun(text, folder)
    _, history = finish(first)
    before = first.state.tensors()
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(UsageError, match="units was 6 and is now 7: a run keeps its settings"):
        extend(folder, asked=training_settings({"units": 7, "steps": 6}))
    asked = training_settings({"steps": 8, "evaluations": 2, "rate": 0.002, "warmup": 2})
    run = extend(folder, asked=asked)
    after = run.state.tensors()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert (run.state.step, run.state.total) == (6, 14)
    expected = finish(run)
    card = (folder / "README.md").read_text()
    assert "repeats it" in (tmp_path / "copy" / "README.md").read_text()
    assert "repeats it" not in card
    assert "--extend" in card
    assert [row["step"] for row in expected[1]] == [2, 4, 6, 10, 14]
    assert expected[1][:3] == history
    schedule = Schedule(0.002, 0.0, 2, 8)
    assert [row["rate"] for row in expected[1][3:]] == [schedule.rate(3), schedule.rate(7)]
    extend(tmp_path / "copy", asked=asked)  # and killed at once
    with pytest.raises(UsageError, match="batch was 2 and is now 32"):  # the default, which was not asked for
        resume(tmp_path / "copy", asked=training_settings({"batch": 32}))
    stopped(resume(tmp_path / "copy"), 9)
    assert finish(resume(tmp_path / "copy", asked=training_settings({"units": 6}))) == expected


def test_the_best_model_of_an_extended_run_is_kept_unless_it_is_beaten(text, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    weights, history = finish(begun(text, folder))
    best = min(row["valid_nats"] for row in history)
    for figures, is_beaten in (((best + 1, best + 2), False), ((best + 1, best - 1), True)):
        run = extend(folder, asked=training_settings({"steps": 2, "evaluations": 2}))
        monkeypatch.setattr(run.task, "validate", answers(*figures))
        now, rows = finish(run)
        assert (now != weights) == is_beaten
        assert [row["is_best"] for row in rows[-2:]] == [False, is_beaten]


def test_a_loss_that_is_not_finite_is_how_a_run_ended(text, tmp_path):
    run = begun(text, tmp_path / "model")
    rows = run.rows()
    next(rows)
    with torch.no_grad():
        run.network.head.bias[0] = math.nan
    with pytest.raises(TrainingError, match="not finite at step 2"):
        next(rows)
    with pytest.raises(UsageError, match=r"has ended \(failed: the loss is not finite at step 2"):
        resume(run.out)
    run = extend(run.out, asked=training_settings({"steps": 4, "rate": 0.001}))
    assert finish(run)[1][-1]["step"] == 6


def test_a_run_that_ended_early_is_extended_with_new_patience(text, tmp_path, monkeypatch):
    run = begun(text, tmp_path / "model", patience=1, steps=20, evaluations=10)
    monkeypatch.setattr(run.task, "validate", answers(2.0, 2.1))
    finish(run)
    with pytest.raises(UsageError, match=r"has ended \(early: no better model in 1 evaluations\)"):
        resume(run.out)
    again = extend(run.out, asked=training_settings({"steps": 4, "evaluations": 2, "patience": 2}))
    monkeypatch.setattr(again.task, "validate", answers(2.2, 2.3))
    assert [row["step"] for row in finish(again)[1]] == [2, 4, 6, 8]
    assert again.saved.ended.startswith("done")


def test_a_run_that_has_not_ended_is_not_begun_anew_unasked(text, tmp_path):
    folder = stopped(begun(text, tmp_path / "model"), 3)
    before = contents(folder)
    with pytest.raises(UsageError, match="not ended, at step 3 of 6: --resume goes on with it, --overwrite begins"):
        begun(text, folder)
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_text_that_is_refused_leaves_the_folder_as_it_was(text, tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(DataError, match="too few"):
        begun(tmp_path / "short.txt", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    finish(begun(text, tmp_path / "model"))
    before = contents(tmp_path / "model")
    with pytest.raises(DataError, match="too few"):
        begin(
            "lm",
            Data(files=(str(tmp_path / "short.txt"),)),
            tmp_path / "model",
            training_settings(QUICK),
            overwrite=True,
        )
    assert contents(tmp_path / "model") == before
    pointer = tmp_path / "model" / "training" / "run.json"
    pointer.write_bytes(pointer.read_bytes().replace(b'"seed": 0', b'"seed": 1'))
    before = contents(tmp_path / "model")
    with pytest.raises(ModelError, match=r"run\.json was changed"):
        begun(text, tmp_path / "model")
    assert contents(tmp_path / "model") == before


def test_a_damaged_training_is_given_up_where_it_is_asked_for(text, whole, tmp_path):
    folder = stopped(begun(text, tmp_path / "model"), 3)
    (folder / "training" / "run.json").write_text("{")
    settings = training_settings(QUICK)
    assert finish(begin("lm", Data(files=(str(text),)), folder, settings, overwrite=True)) == whole
    assert len(list((folder / "training").glob("*.*"))) == len(PARTS)


def test_nobody_trains_where_another_training_is_at_work(text, whole, tmp_path):
    run = begun(text, tmp_path / "model")
    rows = run.rows()
    next(rows)
    asked = training_settings(QUICK)
    others = [
        lambda: begin("lm", Data(files=(str(text),)), run.out, asked, overwrite=True),
        lambda: resume(run.out),
        lambda: extend(run.out, asked=asked),
        lambda: next(run.rows()),
    ]
    before = contents(run.out)
    for other in others:
        with pytest.raises(UsageError, match="another training is at work in"):
            other()
    assert contents(run.out) == before
    rows.close()
    assert finish(resume(run.out)) == whole


@pytest.mark.parametrize(
    "error", [NotImplementedError, OSError(errno.ENOLCK, "no locks"), OSError(errno.ENOSPC, "full")]
)
def test_a_file_system_without_locks_is_trained_on_all_the_same(error, text, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(FileLock, "_acquire", partial(raising, error))
    assert finish(begun(text, tmp_path / "model")) == whole


def raising(error, *_):
    raise error


def test_a_run_that_is_stopped_before_its_speed_is_known_goes_on_and_plans(text, tmp_path):
    run = begun(text, tmp_path / "model", steps=0, minutes=0.02, save_seconds=60.0)
    folder = stopped(run, 8)
    assert run.ended == "not yet: at step 8"
    with pytest.raises(UsageError, match="has not ended, it is at step 8: --resume"):
        extend(folder, asked=training_settings({"steps": 1}))
    run = resume(folder)
    rows = list(run.rows())
    assert run.saved.ended == "done"
    assert 8 < rows[-1].step == run.state.total < 10_000


PARTS = ("ids", "held", "tokenizer", "state", "run.json")


@pytest.mark.parametrize("part", [*PARTS, "checkpoints"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped"])
def test_a_damaged_training_is_refused_in_one_line(text, tmp_path, run, part, damage):
    folder = stopped(begun(text, tmp_path / "model", average_checkpoints=2), 3)
    (file,) = [path for path in (folder / "training").iterdir() if path.name.startswith(part)]
    content = file.read_bytes()
    places = [0, len(content) // 3, len(content) // 2, len(content) - 2] if damage == "flipped" else [0]
    for place in places:
        if damage == "missing":
            file.unlink()
        elif damage == "flipped":
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        else:
            file.write_bytes(content[: len(content) // 2 if damage == "cut" else 0])
        for flag in ("--resume", "--extend"):
            code, stdout, stderr = run("train", "lm", "--out", folder, flag)
            nothing_there = (damage, part) == ("missing", "run.json")
            assert (code, stdout) == (2 if nothing_there else 1, "")
            assert stderr.count("\n") == 1
            assert nothing_there or file.name in stderr
    file.write_bytes(content)
    assert resume(folder).state.step == 3


def is_whole(folder: Path) -> bool:
    """Whether there is a model, all parts of which are as they were written."""
    if not (folder / "config.json").exists():
        return False
    assert ModelFolder(folder).sizes()
    assert textrnn.load(folder).generate("the", max_tokens=2, seed=0)
    return True


def attempt(text: Path, folder: Path, **values) -> tuple[TrainingRun | None, str]:
    """A run, if it could begin, and what it failed with, if it did."""
    run = None
    try:
        run = begun(text, folder, **values)
        finish(run)
    except (DataError, ModelError, TrainingError) as error:
        return run, str(error)
    return run, ""


@pytest.mark.parametrize("stays_full", [False, True])
def test_whichever_write_fails_what_was_there_is_whole_and_the_run_goes_on(text, tmp_path, monkeypatch, stays_full):
    """A disk that is full at the k-th write, for every k, and then for all that follow or for that one alone."""
    settings = {"steps": 2, "evaluations": 2, "average_checkpoints": 2}
    expected = finish(begun(text, tmp_path / "whole", **settings))
    models, failed_at = set(), 0
    while True:
        failed_at += 1
        folder, calls = tmp_path / str(failed_at), []

        def counted(call, *arguments, calls=calls, failed_at=failed_at):
            calls.append(call)
            if len(calls) == failed_at or (stays_full and len(calls) > failed_at):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*arguments)

        with monkeypatch.context() as patch:
            for name in ("fsync", "replace"):
                patch.setattr(os, name, partial(counted, getattr(os, name)))
            run, error = attempt(text, folder, **settings)
        if not error:
            break
        assert "No space left on device" in error
        assert "\n" not in error
        assert run is None or "--resume" in error
        if run is None:
            assert not folder.exists()
            continue
        models.add(is_whole(folder))
        assert finish(resume(folder)) == expected
        assert not list(folder.rglob(".*"))
    assert outcome(folder) == expected
    assert models == {False, True}
    assert failed_at > 20


@contextmanager
def files_of_at_most(size: int):
    """No file can be written that is larger; the system says so as where a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_be_written_to_its_end_leaves_what_was_there(text, tmp_path):
    expected = finish(begun(text, tmp_path / "whole"))
    folder = tmp_path / "model"
    for size in (100, 5_000):
        with files_of_at_most(size), pytest.raises((DataError, ModelError), match="cannot be written: File too large"):
            begun(text, folder)
        assert not folder.exists()
    run = begun(text, folder)
    rows = run.rows()
    next(rows)
    kept = outcome(folder)
    with files_of_at_most(2_000), pytest.raises(TrainingError, match=r"File too large.*--resume"):
        list(rows)
    assert outcome(folder) == kept
    assert is_whole(folder)
    assert finish(resume(folder)) == expected


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, where one may be had."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # what is mapped holds it


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)


def test_a_run_on_a_disk_that_fills_up_goes_on_when_there_is_room(text, whole, small_disk):
    folder, filler = small_disk / "model", small_disk / "filler"
    rows = (run := begun(text, folder)).rows()
    next(rows)
    kept = outcome(folder)
    with pytest.raises(OSError, match="No space left"):
        fill(filler)
    with pytest.raises(TrainingError, match=r"No space left on device.*--resume"):
        list(rows)
    assert outcome(folder) == kept
    assert is_whole(folder)
    filler.unlink()
    assert finish(resume(run.out)) == whole
