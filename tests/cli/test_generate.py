"""textrnn generate: many prompts, samples that end by themselves, penalties, stops."""

import math
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Result, Run, Terminal
from tests.reading import jsonl, refused
from textrnn.cli.app import main
from textrnn.text.levels import LEVELS

PROMPTS = ["The cat", "", "the hat's ", "The cat"]
FILE = "".join(f"{line}\n" for line in PROMPTS)


@pytest.mark.parametrize("level", LEVELS)
def test_every_prompt_of_a_file_has_its_samples_in_order(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, level: str
) -> None:
    (tmp_path / "prompts.txt").write_text(FILE)
    options = ("-n", "2", "--seed", "4", "--max-tokens", "15", "--format", "jsonl")
    rows = jsonl(run("generate", small_folders[level], "--prompts", tmp_path / "prompts.txt", *options).stdout)
    assert [(row["prompt"], row["index"]) for row in rows] == [
        (prompt, index) for prompt in PROMPTS for index in (0, 1)
    ]
    one_by_one = [
        row for p in PROMPTS for row in jsonl(run("generate", small_folders[level], "-p", p, *options).stdout)
    ]
    assert rows == one_by_one
    piped = run("generate", small_folders[level], "--prompts", "-", *options, stdin=FILE.encode())
    assert jsonl(piped.stdout) == rows
    samples = textrnn.load(small_folders[level]).generate(PROMPTS, n=2, seed=4, max_tokens=15)
    assert [row["tokens"] for row in rows] == [sample.tokens for sample in samples]


def test_samples_of_several_prompts_as_text(run: Run, small_folders: dict[str, Path]) -> None:
    arguments = ("generate", small_folders["word"], "--prompts", "-", "--seed", "4", "--max-tokens", "9")
    samples = textrnn.load(small_folders["word"]).generate(PROMPTS, seed=4, max_tokens=9)
    result = run(*arguments, stdin=FILE.encode())
    shown = ("-" * 20 + "\n").join(f"{each.prompt}{each.text}\n" for each in samples)
    assert result == Result(0, shown, 'unknown to the model, and read as <unk>: "hat\'s" (1 in all)\n')
    result = run(*arguments, "--no-echo", stdin=FILE.encode())
    assert result.stdout == ("-" * 20 + "\n").join(f"{each.text}\n" for each in samples)


@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_what_is_unknown_of_many_prompts_is_said_once(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, format: str
) -> None:
    (tmp_path / "prompts.txt").write_text("the é\nthe cat\né zoo\n")
    arguments = ("generate", small_folders["word"], "-n", "3", "--max-tokens", "2", "--format", format)
    result = run(*arguments, "--prompts", tmp_path / "prompts.txt")
    assert (result.code, result.stderr) == (0, "unknown to the model, and read as <unk>: 'é', 'zoo' (3 in all)\n")
    assert run(*arguments, "-p", "é zoo é").stderr.endswith("'é', 'zoo' (3 in all)\n")


def test_prompts_are_read_in_the_encoding_asked_for(run: Run, small_folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    arguments = ("generate", small_folders["bpe"], "--prompts", tmp_path / "prompts.txt", "--format", "jsonl")
    (row,) = jsonl(run(*arguments, "--encoding", "latin-1").stdout)
    assert row["prompt"] == "caf\xe9"
    assert "not utf-8" in refused(run(*arguments, "--strict"), 1)
    assert "unknown encoding 'klingon'" in refused(run(*arguments, "--encoding", "klingon"), 2)


def test_no_prompts_are_no_samples(run: Run, small_folders: dict[str, Path]) -> None:
    assert run("generate", small_folders["word"], "--prompts", "-", stdin=b"") == Result(0, "", "")


def test_prompts_and_prompt_exclude_each_other(run: Run, small_folders: dict[str, Path], tmp_path: Path) -> None:
    assert "give one prompt" in refused(run("generate", small_folders["word"], "-p", "a", "--prompts", "-"), 2)
    missing = run("generate", small_folders["word"], "--prompts", tmp_path / "missing")
    assert "there is no file" in refused(missing, 1)
    (tmp_path / "bytes").write_bytes(b"a\n\xff\n")
    assert "line 2, byte 1: not utf-8" in refused(
        run("generate", small_folders["word"], "--strict", "--prompts", tmp_path / "bytes"), 1
    )


def test_a_prompt_may_be_an_argument_and_is_no_file(run: Run, small_folders: dict[str, Path], tmp_path: Path) -> None:
    options = ("--max-tokens", 5, "--seed", 1)
    written = run("generate", small_folders["char"], "the", *options)
    assert written.code == 0
    assert written.stdout == run("generate", small_folders["char"], "-p", "the", *options).stdout
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("the\n")
    code, stdout, stderr = run("generate", small_folders["char"], prompts, *options)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"error: {prompts} is a file: --prompts reads it")
    code, stdout, stderr = run("generate", small_folders["char"], "the", "-p", "the")
    assert (code, stdout) == (2, "")
    assert "give one prompt" in stderr


@pytest.mark.parametrize("level", LEVELS)
def test_until_eos_every_sample_ends_by_itself(run: Run, small_folders: dict[str, Path], level: str) -> None:
    result = run("generate", small_folders[level], "--until-eos", "-n", "3", "--seed", "0", "--format", "jsonl")
    assert (result.code, result.stderr) == (0, "")
    assert [row["tokens"][-1] for row in jsonl(result.stdout)] == ["<eos>"] * 3


@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_until_eos_counts_what_was_cut_off(run: Run, small_folders: dict[str, Path], format: str) -> None:
    arguments = ("generate", small_folders["char"], "--until-eos", "-n", "9", "--seed", "0", "--max-tokens", "20")
    samples = textrnn.load(small_folders["char"]).generate(n=9, seed=0, max_tokens=20, until_eos=True)
    cut = sum(sample.tokens[-1] != "<eos>" for sample in samples)
    assert 0 < cut < 9
    result = run(*arguments, "--format", format)
    assert result.code == 0
    assert result.stderr == f"not ended within 20 tokens, and cut there: {cut} of the samples\n"
    without = [each for each in arguments if each != "--until-eos"]
    assert run(*without, "--format", format).stderr == ""


def test_a_sample_that_ends_with_the_last_token_was_not_cut_off(run: Run, small_folders: dict[str, Path]) -> None:
    (sample,) = textrnn.load(small_folders["char"]).generate(seed=0, until_eos=True)
    arguments = ("generate", small_folders["char"], "--until-eos", "--seed", "0", "--format", "jsonl")
    result = run(*arguments, "--max-tokens", str(len(sample.tokens)))
    assert jsonl(result.stdout)[0]["tokens"][-1] == "<eos>"
    assert result.stderr == ""


@pytest.mark.parametrize("penalty", ["0", "-1", "nan", "inf", "1e9", "much"])
def test_a_bad_repetition_penalty_exits_2(run: Run, small_folders: dict[str, Path], penalty: str) -> None:
    line = refused(run("generate", small_folders["word"], f"--repetition-penalty={penalty}"), 2)
    assert "repetition-penalty" in line


@pytest.mark.parametrize("options", [{"repetition_penalty": 2.5}, {"until_eos": True, "max_tokens": 400}])
def test_generate_passes_an_option_on(run: Run, small_folders: dict[str, Path], options: dict) -> None:
    flags = []
    for name, value in options.items():
        flags += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    result = run("generate", small_folders["bpe"], "-p", "the", "--seed", "3", *flags, "--format", "jsonl")
    (sample,) = textrnn.load(small_folders["bpe"]).generate("the", seed=3, **options)
    (row,) = jsonl(result.stdout)
    assert (row["text"], row["logprob"]) == (sample.text, sample.logprob)


def test_a_repetition_penalty_changes_the_text_and_not_the_logprobs_of_its_tokens(
    run: Run, small_folders: dict[str, Path]
) -> None:
    model = small_folders["char"]
    arguments = ("generate", model, "-p", "the", "-n", "5", "--seed", "3", "--format", "jsonl")
    usual = jsonl(run(*arguments).stdout)
    result = run(*arguments, "--repetition-penalty", "1.5", "--logprobs")
    penalised = jsonl(result.stdout)
    assert [row["text"] for row in usual] != [row["text"] for row in penalised]
    scored = jsonl(run("score", model, "--tokens", "--format", "jsonl", stdin=result.stdout.encode()).stdout)
    assert [row["predicted_logprob"] for row in scored] == [row["logprob"] for row in penalised]
    for row in penalised:
        assert math.fsum(each["logprob"] for each in row["token_logprobs"]) == row["logprob"]


@pytest.mark.parametrize("level", LEVELS)
def test_a_stop_string_ends_the_text_before_it(run: Run, small_folders: dict[str, Path], level: str) -> None:
    arguments = ("generate", small_folders[level], "-n", "9", "--seed", "2", "--max-tokens", "40", "--format", "jsonl")
    free = [row["text"] for row in jsonl(run(*arguments).stdout)]
    stop = max(free, key=len)[4:6]
    assert [row["text"] for row in jsonl(run(*arguments, "--stop", stop).stdout)] == [
        text.partition(stop)[0] for text in free
    ]


def test_a_prompt_that_ends_in_a_space_is_followed_by_no_other(run: Run, small_folders: dict[str, Path]) -> None:
    arguments = ("generate", small_folders["word"], "-n", "30", "--seed", "2", "--max-tokens", "3", "--format", "jsonl")
    spaced = [row["text"] for row in jsonl(run(*arguments, "-p", "the cat ").stdout)]
    close = [row["text"] for row in jsonl(run(*arguments, "-p", "the cat").stdout)]
    assert not any(text.startswith(" ") for text in spaced)
    assert any(text.startswith(" ") for text in close)
    assert [text.removeprefix(" ") for text in close] == spaced  # the samples differ by nothing else


@pytest.mark.parametrize("flags", [(), ("-t", "0"), ("-t", "3"), ("--top-k", "4"), ("--repetition-penalty", "3")])
@pytest.mark.parametrize("prompt", ["The cat ", "the hat's "])
def test_the_space_that_ends_a_prompt_comes_with_the_first_piece(
    run: Run, small_folders: dict[str, Path], prompt: str, flags: tuple[str, ...]
) -> None:
    arguments = ("generate", small_folders["bpe"], "-p", prompt, "-n", "20", "--seed", "2", "--max-tokens", "6", *flags)
    result = run(*arguments, "--format", "jsonl")
    rows = jsonl(result.stdout)
    assert all(row["tokens"][0].startswith(" ") for row in rows)
    for row in rows:
        if all(token.isascii() and not token.startswith("<0x") for token in row["tokens"]):
            assert prompt[:-1] + "".join(row["tokens"]).removesuffix("<eos>") == row["prompt"] + row["text"]
    scored = jsonl(
        run("score", small_folders["bpe"], "--tokens", "--format", "jsonl", stdin=result.stdout.encode()).stdout
    )
    assert [row["predicted_logprob"] for row in scored] == [row["logprob"] for row in rows]
    shown = run(*arguments).stdout.split("-" * 20 + "\n")
    assert shown == [f"{prompt}{row['text']}\n" for row in rows]


@pytest.mark.parametrize("level", LEVELS)
def test_a_terminal_shows_the_same_text_as_it_is_drawn(
    run: Run, small_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    (sample,) = textrnn.load(small_folders[level]).generate("The cat ", seed=6, max_tokens=40)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    arguments = ("generate", str(small_folders[level]), "-p", "The cat ", "--seed", "6", "--max-tokens", "40")
    monkeypatch.setattr("sys.argv", ["textrnn", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert terminal.getvalue() == f"The cat {sample.text}\n"


@pytest.mark.parametrize(
    "arguments", [("--prompts",), ("--max-tokens=-1",), ("--until-eos=yes",), ("-n", "0"), ("the", "cat")]
)
def test_what_is_typed_wrong_exits_2(run: Run, small_folders: dict[str, Path], arguments: tuple[str, ...]) -> None:
    refused(run("generate", small_folders["word"], *arguments), 2)
