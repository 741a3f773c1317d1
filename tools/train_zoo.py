"""Train what the zoo publishes, or a list of jobs, within a number of minutes.

    python tools/train_zoo.py --minutes 8 [--jobs 4] [--out OUT] [JOB ...]

A job is a published model's name, a recipe's file, or a line of tools/zoo_jobs/worth, which lists
all jobs, the most valuable first. Each job is one `ganzoo train` in a process of its own; several
run at once. When the time is over, each saves and stops; the same command continues them. The
script exports finished trainings, and unfinished ones from their last step, as trainings of as
many images as they have seen. It writes `zoo.md` and at most --files archives of 16 MiB into OUT.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JOBS = ROOT / "tools" / "zoo_jobs"
#: Bytes of an archive, and the bytes that tar's headers may add to a file.
ARCHIVE, HEADER = 16 * 2**20 - 2**16, 2048
#: Seconds reserved for stopping and exporting.
STOPPING, EXPORTING = 15.0, 40.0


@dataclass
class Job:
    """One training: its command, its folder, its process, and its outcome."""

    name: str
    words: list[str]  #: what follows `ganzoo train`
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    seconds: float = 0.0
    images_before: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def start(self, slot: int, device: str, threads: int, extra: list[str]) -> None:
        self.images_before, self.began = images_of(self.folder), time.monotonic()
        device = device if device != "cuda" else f"cuda:{slot % gpus()}"
        self.process = self.run(["--device", device, *extra], threads)

    def run(self, options: list[str], threads: int) -> subprocess.Popen[bytes]:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        words = ["train", *self.words, "--out", str(self.folder), "--quiet"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "ganzoo", *words, "--threads", str(threads), *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )  # fmt: skip

    def ended(self) -> bool:
        """Whether the process is over; records its time and its failure then."""
        if self.process is None or self.process.poll() is None:
            return False
        self.seconds = time.monotonic() - self.began
        if self.process.returncode not in (0, 130, 143, -signal.SIGTERM):
            self.problems.append(f"exit {self.process.returncode}: {last_line(self.log)}")
        return True


def main() -> int:
    given = arguments()
    jobs = list({job.name: job for job in read_jobs(given)}.values())
    if not jobs:
        print("nothing to train: give jobs, or list some in tools/zoo_jobs/worth")
        return 2
    started = time.monotonic()
    device = given.device or ("cuda" if gpus() else "cpu")
    cores = os.cpu_count() or 1
    at_once = given.jobs or (4 * max(1, gpus()) if device == "cuda" else max(1, cores // 2))
    threads = max(1, cores // at_once)
    end = started + 60 * given.minutes
    reserve = min(STOPPING + EXPORTING, 30 * given.minutes)
    print(f"{len(jobs)} jobs, {at_once} at once on {device}, {threads} threads each", flush=True)
    extra = shlex.split(given.options)
    ran = train(jobs, end - reserve, at_once, device, threads, extra)
    finish_here([job for job in ran if not exported(job)], end, extra)
    given.out.mkdir(parents=True, exist_ok=True)
    table = table_of(ran, jobs)
    (given.out / "zoo.md").write_text(table)
    print(table)
    for line in pack(ran, given.out, given.files):
        print(line)
    return 1 if any(job.problems for job in ran) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", nargs="*", help="names, recipes, or 'WHAT --option ...' in quotes")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, help="trainings at once")
    parser.add_argument("--out", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--device", help="cpu or cuda; a GPU where there is one")
    parser.add_argument("--files", type=int, default=7, help="archives, at most")
    parser.add_argument("--options", default="", help="for every `ganzoo train`")
    parser.add_argument("--list", type=Path, default=JOBS / "worth", help="the list of jobs")
    return parser.parse_args()


def read_jobs(given: argparse.Namespace) -> list[Job]:
    """The jobs of the command line, otherwise of the list: one a line, `#` starts a remark."""
    lines = given.job or [line.partition("#")[0] for line in given.list.read_text().splitlines()]
    return [job_of(line, given.runs) for line in lines if line.strip()]


def job_of(line: str, runs: Path) -> Job:
    """A line's job: `dcgan-mnist --seed 1`, or `faces-64.json`, which lies beside the list."""
    what, *options = shlex.split(line)
    name = what
    if what.endswith(".json"):
        path = Path(what) if Path(what).is_file() else JOBS / what
        name, what = path.stem, str(path)
    if "--seed" in options:
        name += f"-seed-{options[options.index('--seed') + 1]}"
    return Job(name, [what, *options], runs / name)


def gpus() -> int:
    """The number of GPUs that torch can use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def train(
    jobs: list[Job], end: float, at_once: int, device: str, threads: int, extra: list[str]
) -> list[Job]:
    """Train in order, several at once, until the time is over; return the jobs that started."""
    waiting, running, begun = list(jobs), {}, []
    while (waiting or running) and time.monotonic() < end:
        for slot in [slot for slot, job in running.items() if job.ended()]:
            job = running.pop(slot)
            note = f": {job.problems[-1]}" if job.problems else ""
            print(f"{job.name} ended after {job.seconds:.0f} s{note}", flush=True)
        free = [slot for slot in range(at_once) if slot not in running]
        for slot in free[: len(waiting)]:
            job = running[slot] = waiting.pop(0)
            begun.append(job)
            job.start(slot, device, threads, extra)
        time.sleep(0.2)
    stop(running.values())
    return begun


def stop(jobs: Iterable[Job]) -> None:
    """Let each job save and end; kill those that do not end in time."""
    jobs = list(jobs)
    for job in jobs:
        job.process.terminate()
    limit = time.monotonic() + STOPPING
    for job in jobs:
        try:
            job.process.wait(max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            job.process.kill()
            job.process.wait()
            job.problems.append("did not stop in time")
        job.ended()


def finish_here(jobs: list[Job], end: float, extra: list[str]) -> None:
    """Export unfinished trainings as trainings of the images that they have seen.

    The command is asked for that many images, so it has nothing to train and exports. The CPU does
    this, because it draws the same samples as a GPU. A recipe whose schedule depends on the number
    of images refuses, and says so.
    """
    begun = [job for job in jobs if images_of(job.folder)]
    running = [
        (job, job.run(["--images", str(images_of(job.folder)), "--device", "cpu", *extra], 1))
        for job in begun
    ]
    for job, process in running:
        try:
            code = process.wait(max(5.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            code = "no time"
        if code:
            job.problems.append(f"not exported ({code}): {last_line(job.log)}")


def exported(job: Job) -> bool:
    return (job.folder / "export" / "config.json").is_file()


def images_of(folder: Path) -> int:
    """The images that the newest checkpoint has seen."""
    counts = [int(path.name) for path in folder.glob("checkpoints/[0-9]*") if path.is_dir()]
    return max(counts, default=0)


def wanted(folder: Path, name: str) -> int:
    """The images that the recipe of a run, or its export, asks for."""
    try:
        return json.loads((folder / name).read_text())["recipe"]["images"]
    except (OSError, ValueError, KeyError):
        return 0


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1] if lines else "nothing was said"


def table_of(ran: list[Job], jobs: list[Job]) -> str:
    """The outcome of each job, as Markdown."""
    lines = ["| job | images | images/s | minutes | what there is |", "|---|---|---|---|---|"]
    for job in ran:
        images = images_of(job.folder)
        pace = (images - job.images_before) / job.seconds if job.seconds else 0.0
        lines.append(
            f"| {job.name} | {images:,} | {pace:,.0f} | {job.seconds / 60:.1f} | {said(job)} |"
        )
    lines += [f"| {job.name} | | | | not begun |" for job in jobs if job not in ran]
    return "\n".join(lines) + "\n\nThe pace counts starting, grids, checkpoints and the export.\n"


def said(job: Job) -> str:
    problems = "".join(f"; {problem}" for problem in job.problems).replace("|", "/")
    if not exported(job):
        return f"no model{problems}"
    asked = full_images(job)
    seen = wanted(job.folder / "export", "config.json")
    state = "finished" if seen >= asked else f"unfinished: {seen:,} of {asked:,} images"
    return f"{state}{problems}"


def full_images(job: Job) -> int:
    """The images that the job itself asks for: the recipe's or the card's number, or --images."""
    if "--images" in job.words:
        return int(job.words[job.words.index("--images") + 1])
    what = Path(job.words[0])
    if what.suffix == ".json":
        return wanted(what.parent, what.name)
    return wanted(ROOT / "zoo_cards" / job.words[0], "config.json")


def pack(ran: list[Job], out: Path, most: int) -> list[str]:
    """Put each job's export, figures and log into few archives; report what does not fit."""
    archives: list[list[tuple[Path, str]]] = []
    sizes: list[int] = []
    left_out = []
    for job in ran:
        files = files_of(job)
        size = sum(path.stat().st_size + HEADER for path, _ in files)
        place = next((i for i, taken in enumerate(sizes) if taken + size <= ARCHIVE), None)
        if place is None and len(archives) < most and size <= ARCHIVE:
            archives.append([])
            sizes.append(0)
            place = len(archives) - 1
        if place is None:
            left_out.append(
                f"{job.name}: {size / 2**20:.1f} MiB do not fit; they lie in {job.folder}"
            )
            continue
        archives[place] += files
        sizes[place] += size
    for number, files in enumerate(archives):
        with tarfile.open(out / f"models-{number}.tar", "w") as archive:
            for path, name in files:
                archive.add(path, name)
    return left_out


def files_of(job: Job) -> list[tuple[Path, str]]:
    """The files of a job for the archive, each with its name there."""
    exports = sorted(path for path in (job.folder / "export").rglob("*") if path.is_file())
    files = [(path, f"{job.name}/{path.relative_to(job.folder)}") for path in exports]
    more = [(job.folder / "metrics.jsonl", f"{job.name}/metrics.jsonl")]
    more += [(job.log, f"{job.name}/log.txt")]
    return [*files, *((path, name) for path, name in more if path.is_file())]


if __name__ == "__main__":
    sys.exit(main())
