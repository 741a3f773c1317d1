"""The endpoints of the Hub that huggingface_hub calls for a model."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from hub_http import TOKEN, Talk
from hub_repos import Repository, etag, is_large


class Api(Talk):
    """One request to the Hub or to its CDN."""

    def route(self, path: str) -> None:
        """Answer by the endpoint that fits."""
        for pattern, method in ROUTES.items():
            verb, _, form = pattern.partition(" ")
            if self.command in verb.split("|") and (found := re.fullmatch(form, path)):
                method(self, **found.groupdict())
                return
        self.send(404, b"", {})

    def found(self, repo: str) -> Repository | None:
        """A repository that the asker may see; else say so."""
        there = self.hub.repos.get(repo)
        if there and (not there.private or self.trusted):
            return there
        if self.trusted:
            self.refused("RepoNotFound")
        else:
            self.send(401, b"", {"X-Error-Message": "Invalid username or password."})
        return None

    @property
    def trusted(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def revision_of(self, repo: Repository, revision: str) -> str | None:
        commit = repo.resolve(revision)
        if commit is None:
            self.refused("RevisionNotFound")
        return commit

    # Reading

    def resolve(self, repo: str, revision: str, file: str) -> None:
        there = self.found(repo)
        commit = there and self.revision_of(there, revision)
        if not (there and commit):
            return
        data = there.commits[commit].get(file)
        about = {"X-Repo-Commit": commit}
        if data is None:
            self.refused("EntryNotFound", **about)
        elif is_large(file):
            name = etag(file, data)
            self.hub.stored[name] = data
            linked = {"X-Linked-Etag": f'"{name}"', "X-Linked-Size": str(len(data))}
            self.send(302, b"", {**about, **linked, "Location": f"{self.hub.cdn}/lfs/{name}"})
        else:
            self.send_file(data, {**about, "ETag": f'"{etag(file, data)}"'})

    def lfs(self, oid: str) -> None:
        if "Authorization" in self.headers:
            self.send(400, b"the token must not leave the Hub", {})
            return
        self.send_file(self.hub.stored[oid], {"ETag": f'"{oid}"'})

    def tree(self, repo: str, revision: str) -> None:
        there = self.found(repo)
        commit = there and self.revision_of(there, revision)
        if there and commit:
            files = there.commits[commit].items()
            about = [
                {"type": "file", "path": p, "size": len(d), "oid": etag(p, d)} for p, d in files
            ]
            self.send_json(about)

    def info(self, repo: str) -> None:
        if there := self.found(repo):
            sha = there.branches.get("main")
            self.send_json({"id": repo, "sha": sha, "private": there.private, "siblings": []})

    # Writing

    def create(self) -> None:
        wish = json.loads(self.body)
        name = f"{wish['organization']}/{wish['name']}"
        if not self.trusted:
            self.send(401, b"", {"X-Error-Message": "Invalid username or password."})
        elif name in self.hub.repos:
            self.send_json({"url": f"{self.hub.url}/{name}", "error": "You have it already"}, 409)
        else:
            private = wish.get("private") is True or wish.get("visibility") == "private"
            self.hub.repo(name, private=private).commit({".gitattributes": b"*.safetensors lfs\n"})
            self.send_json({"url": f"{self.hub.url}/{name}"})

    def whoami(self) -> None:
        if self.trusted:
            self.send_json({"type": "user", "name": "lab"})
        else:
            self.send(401, b"", {"X-Error-Message": "Invalid user token."})

    def branch(self, repo: str, branch: str) -> None:
        there = self.hub.repos[repo]
        if branch in there.branches:
            self.send_json({"error": "Reference already exists"}, 409)
            return
        there.branches[branch] = there.branches["main"]
        self.send_json({})

    def validate(self) -> None:
        self.send_json({"errors": [], "warnings": []})

    def preupload(self, repo: str, revision: str) -> None:
        paths = [file["path"] for file in json.loads(self.body)["files"]]
        modes = {path: "lfs" if is_large(path) else "regular" for path in paths}
        files = [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes.items()]
        self.send_json({"files": files})

    def batch(self, repo: str) -> None:
        objects = json.loads(self.body)["objects"]
        for one in objects:
            if one["oid"] not in self.hub.stored:
                one["actions"] = {"upload": {"href": f"{self.hub.cdn}/upload/{one['oid']}"}}
        self.send_json({"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.send(400, b"other bytes than were announced", {})
            return
        self.hub.stored[oid] = self.body
        self.send(200, b"", {})

    def commit(self, repo: str, revision: str) -> None:
        if not self.trusted:
            self.send(403, b"", {"X-Error-Message": "Your token may not write"})
            return
        files: dict[str, bytes] = {}
        for line in self.body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if item["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
        name = self.hub.repos[repo].commit(files, revision)
        url = f"{self.hub.url}/{repo}/commit/{name}"
        self.send_json({"commitUrl": url, "commitOid": name})


_REPO, _REV = r"(?P<repo>[^/]+/[^/]+)", r"(?P<revision>.+)"
ROUTES = {
    rf"HEAD|GET /{_REPO}/resolve/{_REV}/(?P<file>[^/]+)": Api.resolve,
    r"GET /lfs/(?P<oid>\w+)": Api.lfs,
    rf"GET /api/models/{_REPO}/tree/{_REV}": Api.tree,
    rf"GET /api/models/{_REPO}": Api.info,
    r"POST /api/repos/create": Api.create,
    r"GET /api/whoami-v2": Api.whoami,
    rf"POST /api/models/{_REPO}/branch/(?P<branch>.+)": Api.branch,
    r"POST /api/validate-yaml": Api.validate,
    rf"POST /api/models/{_REPO}/preupload/{_REV}": Api.preupload,
    rf"POST /{_REPO}\.git/info/lfs/objects/batch": Api.batch,
    r"PUT /upload/(?P<oid>\w+)": Api.upload,
    rf"POST /api/models/{_REPO}/commit/{_REV}": Api.commit,
}
