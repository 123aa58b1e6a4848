"""Walks the service model that the AWS CLI ships, against a sandbox.

    PYTHONPATH=.installed/aws python3 model.py ENDPOINT REGION

Every operation of the model is called with botocore: once well, and once for each way in which a parameter can break
its constraint. Replies are held against the model: the members, their types, enumerations and patterns, the status and
the members of errors. Prints one line of JSON: how much was walked, and what was found to differ.
"""

import base64
import copy
import hashlib
import json
import re
import sys
import urllib.request

from awscli.botocore.config import Config
from awscli.botocore.session import Session

ENDPOINT, REGION = sys.argv[1:]
client = Session().create_client(
    "codeartifact",
    region_name=REGION,
    endpoint_url=ENDPOINT,
    config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
)
MODEL = client.meta.service_model
findings = []
replies = []


def keep(http_response, **_):
    replies.append(http_response)


client.meta.events.register("after-call", keep)


def method_of(operation):
    return next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)


METHODS = {operation: method_of(operation) for operation in MODEL.operation_names}


def call(operation, parameters):
    """The parsed reply or the error; what was on the wire is the last of `replies`."""
    try:
        return getattr(client, METHODS[operation])(**copy.deepcopy(parameters)), None
    except client.exceptions.ClientError as error:
        return None, error


# Patterns and constraints ------------------------------------------------------------------------------------------

CLASSES = {r"\p{C}": r"\x00-\x1f\x7f-\x9f", r"\p{IsWhitespace}": r"\s", r"\P{C}": r"\x20-\x7e\xa0-\U0010ffff"}


def matches(pattern, text):
    for name, characters in CLASSES.items():
        inside = re.compile(r"\[[^\]]*" + re.escape(name)).search(pattern)
        pattern = pattern.replace(name, characters if inside else f"[{characters}]")
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def fits(shape, value):
    """Whether a text keeps its shape's constraints."""
    rules = shape.metadata
    length = len(value)
    return (
        rules.get("min", 0) <= length <= rules.get("max", length)
        and ("pattern" not in rules or matches(rules["pattern"], value))
        and (not shape.enum or value in shape.enum)
    )


def violations(shape, good):
    """Values that break the shape's constraints, each with what it breaks; `good` keeps them."""
    rules = shape.metadata
    if shape.type_name == "string":
        candidates = {
            "too short": (good or "a")[: max(rules.get("min", 0) - 1, 0)],
            "too long": (good or "a") + "a" * (rules.get("max", 0) + 1),
            "pattern": "#/ \t",
            "control": "a\u0007b",
            "enum": "nonsense",
        }
        for what, value in candidates.items():
            limited = what != "too long" or "max" in rules
            if limited and not fits(shape, value):
                yield what, value
    elif shape.type_name in ("integer", "long"):
        if "min" in rules:
            yield "too small", rules["min"] - 1
        if "max" in rules:
            yield "too large", rules["max"] + 1
    elif shape.type_name == "list":
        for what, value in violations(shape.member, (good or [None])[0]):
            yield f"member {what}", [value]
        if "max" in rules and good:
            yield "too many", [good[0]] * (rules["max"] + 1)
        if rules.get("min", 0) > 0:
            yield "too few", []
    elif shape.type_name == "map":
        for key, value in (good or {}).items():
            for what, bad in violations(shape.key, key):
                yield f"key {what}", {bad: value}
            for what, bad in violations(shape.value, value):
                yield f"value {what}", {key: bad}
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            rest = {other: kept for other, kept in (good or {}).items() if other != name}
            if name in shape.required_members and good:
                yield f"{name} missing", rest
            # Of a map that the good call leaves out, one entry is good enough to be broken.
            value = (good or {}).get(name, {"1.0.0": "revision"} if member.type_name == "map" else None)
            for what, bad in violations(member, value):
                yield f"{name} {what}", {**rest, name: bad}


# Replies -----------------------------------------------------------------------------------------------------------

TYPES = {
    "string": str,
    "structure": dict,
    "map": dict,
    "list": list,
    "boolean": bool,
    "integer": int,
    "long": int,
    "timestamp": (int, float),
}


def hold(place, shape, value):
    """Holds a part of a reply against its shape."""
    wanted = TYPES.get(shape.type_name)
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and shape.type_name != "boolean")):
        findings.append(f"{place}: {value!r} is no {shape.type_name}")
    elif shape.type_name == "string" and not fits(shape, value):
        findings.append(f"{place}: {value!r} breaks {shape.name}")
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                findings.append(f"{place}.{name}: not modelled")
            else:
                hold(f"{place}.{name}", shape.members[name], member)
        for name in shape.required_members:
            if name not in value:
                findings.append(f"{place}.{name}: missing")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            hold(f"{place}[{index}]", shape.member, member)
    elif shape.type_name == "map":
        for key, member in value.items():
            hold(f"{place} key", shape.key, key)
            hold(f"{place}[{key}]", shape.value, member)


def hold_reply(operation):
    shape, reply = MODEL.operation_model(operation).output_shape, replies[-1]
    if shape is None:
        return
    headers = {name: member for name, member in shape.members.items() if member.serialization.get("location")}
    for name, member in headers.items():
        if member.serialization["location"] == "header":
            text = reply.headers.get(member.serialization["name"])
            if text is None:
                findings.append(f"{operation}: no header for {name}")
            else:
                hold(f"{operation}.{name}", member, text)
    if "payload" in shape.serialization:
        return
    hold(operation, shape, json.loads(reply.content))


def hold_error(place, operation, error, wanted):
    """Holds an error against the model; it must be the wanted one."""
    reply = replies[-1]
    code = error.response["Error"]["Code"]
    shape = MODEL.shape_for(code) if code in MODEL.shape_names else None
    if code != wanted:
        findings.append(f"{place}: {code}, not {wanted}: {error}")
        return
    if reply.status_code != shape.metadata["error"]["httpStatusCode"]:
        findings.append(f"{place}: status {reply.status_code} for {code}")
    if code not in [known.name for known in MODEL.operation_model(operation).error_shapes]:
        findings.append(f"{place}: {code} is not modelled for {operation}")
    body = json.loads(reply.content)
    if body.pop("__type", None) != code or reply.headers.get("x-amzn-errortype") != code:
        findings.append(f"{place}: the error's type is not said twice")
    hold(place, shape, body)
    if code == "ValidationException" and body.get("reason") != "FIELD_VALIDATION_FAILED":
        findings.append(f"{place}: reason {body.get('reason')}")


# The walk ----------------------------------------------------------------------------------------------------------

OWNER = client.list_domains()["domains"][0]["owner"]
IN = {"domain": "walk", "domainOwner": OWNER}
MAIN = {**IN, "repository": "main"}
PACKAGE = {**MAIN, "format": "npm", "namespace": "acme", "package": "tool"}
VERSION = {**PACKAGE, "packageVersion": "1.0.0"}
GROUP = {**IN, "packageGroup": "/npm/acme/*"}
PAGE = {"maxResults": 10}
ARN = f"arn:aws:codeartifact:{REGION}:{OWNER}:repository/walk/main"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "codeartifact:*", "Resource": "*"}
        ],
    }
)
TAGS = [{"key": "team", "value": "release"}]
ASSET = b"an asset"


def publish_over_npm():
    """A package on the npm side, with everything that the API tells of one."""
    token = client.get_authorization_token(**IN)["authorizationToken"]
    endpoint = client.get_repository_endpoint(**MAIN, format="npm")["repositoryEndpoint"]
    contents = b"not a tarball"
    manifest = {
        "name": "@acme/tool",
        "version": "1.0.0",
        "description": "A tool",
        "homepage": "https://example.com/",
        "license": "MIT",
        "repository": {"type": "git", "url": "git+https://example.com/acme/tool.git"},
        "dependencies": {"left-pad": "^1.0.0"},
        "peerDependencies": {"@acme/host": "1.x"},
        "dist": {"integrity": "sha512-" + base64.b64encode(hashlib.sha512(contents).digest()).decode()},
        "readme": "# Tool\n",
    }
    document = {
        "_id": "@acme/tool",
        "name": "@acme/tool",
        "dist-tags": {"latest": "1.0.0"},
        "readme": "# Tool\n",
        "versions": {"1.0.0": manifest},
        "_attachments": {
            "@acme/tool-1.0.0.tgz": {"data": base64.b64encode(contents).decode(), "length": len(contents)}
        },
    }
    request = urllib.request.Request(
        endpoint + "@acme%2ftool", json.dumps(document).encode(), {"authorization": "Bearer " + token}, method="PUT"
    )
    urllib.request.urlopen(request).read()


WALK = [
    ("CreateDomain", {"domain": "walk", "tags": TAGS}),
    ("DescribeDomain", IN),
    ("ListDomains", PAGE),
    ("PutDomainPermissionsPolicy", {**IN, "policyDocument": POLICY}),
    ("GetDomainPermissionsPolicy", IN),
    ("CreateRepository", {**IN, "repository": "store", "description": "From outside"}),
    ("CreateRepository", {**MAIN, "upstreams": [{"repositoryName": "store"}], "tags": TAGS}),
    ("CreateRepository", {**IN, "repository": "target"}),
    ("UpdateRepository", {**MAIN, "description": "Ours", "upstreams": [{"repositoryName": "store"}]}),
    ("AssociateExternalConnection", {**IN, "repository": "store", "externalConnection": "public:npmjs"}),
    ("DescribeRepository", {**IN, "repository": "store"}),
    ("ListRepositories", {**PAGE, "repositoryPrefix": "ma"}),
    ("ListRepositoriesInDomain", {**IN, **PAGE, "repositoryPrefix": "ma", "administratorAccount": OWNER}),
    ("GetRepositoryEndpoint", {**MAIN, "format": "npm", "endpointType": "ipv4"}),
    ("GetAuthorizationToken", {**IN, "durationSeconds": 900}),
    ("PutRepositoryPermissionsPolicy", {**MAIN, "policyDocument": POLICY}),
    ("GetRepositoryPermissionsPolicy", MAIN),
    ("TagResource", {"resourceArn": ARN, "tags": TAGS}),
    ("ListTagsForResource", {"resourceArn": ARN}),
    ("UntagResource", {"resourceArn": ARN, "tagKeys": ["team"]}),
    publish_over_npm,
    (
        "PublishPackageVersion",
        {
            **MAIN,
            "format": "generic",
            "namespace": "acme",
            "package": "thing",
            "packageVersion": "1.0.0",
            "assetName": "thing.txt",
            "assetContent": ASSET,
            "assetSHA256": hashlib.sha256(ASSET).hexdigest(),
        },
    ),
    ("DescribePackage", PACKAGE),
    ("ListPackages", {**MAIN, **PAGE, "format": "npm", "namespace": "acme", "packagePrefix": "to", "publish": "ALLOW"}),
    ("ListPackageVersions", {**PACKAGE, **PAGE, "status": "Published", "sortBy": "PUBLISHED_TIME"}),
    ("DescribePackageVersion", VERSION),
    ("ListPackageVersionAssets", {**VERSION, **PAGE}),
    ("GetPackageVersionAsset", {**VERSION, "asset": "package.tgz"}),
    ("GetPackageVersionReadme", VERSION),
    ("ListPackageVersionDependencies", VERSION),
    ("PutPackageOriginConfiguration", {**PACKAGE, "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"}}),
    ("CreatePackageGroup", {**GROUP, "contactInfo": "us", "description": "Ours", "tags": TAGS}),
    ("DescribePackageGroup", GROUP),
    ("UpdatePackageGroup", {**GROUP, "contactInfo": "them", "description": "Theirs"}),
    (
        "UpdatePackageGroupOriginConfiguration",
        {
            **GROUP,
            "restrictions": {"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"},
            "addAllowedRepositories": [{"repositoryName": "main", "originRestrictionType": "PUBLISH"}],
        },
    ),
    ("ListAllowedRepositoriesForGroup", {**GROUP, **PAGE, "originRestrictionType": "PUBLISH"}),
    ("ListAssociatedPackages", {**GROUP, **PAGE}),
    ("ListSubPackageGroups", {**IN, **PAGE, "packageGroup": "/*"}),
    ("ListPackageGroups", {**IN, **PAGE, "prefix": "/npm"}),
    ("GetAssociatedPackageGroup", {**IN, "format": "npm", "namespace": "acme", "package": "tool"}),
    (
        "CopyPackageVersions",
        {
            **IN,
            "sourceRepository": "main",
            "destinationRepository": "target",
            "format": "npm",
            "namespace": "acme",
            "package": "tool",
            "versions": ["1.0.0"],
        },
    ),
    (
        "UpdatePackageVersionsStatus",
        {**PACKAGE, "versions": ["1.0.0"], "expectedStatus": "Published", "targetStatus": "Archived"},
    ),
    ("DisposePackageVersions", {**PACKAGE, "versions": ["1.0.0"], "expectedStatus": "Archived"}),
    ("DeletePackageVersions", {**PACKAGE, "versions": ["1.0.0"], "expectedStatus": "Disposed"}),
    ("DeletePackage", {**MAIN, "format": "generic", "namespace": "acme", "package": "thing"}),
    ("DeletePackageGroup", GROUP),
    ("DeleteRepositoryPermissionsPolicy", MAIN),
    ("DisassociateExternalConnection", {**IN, "repository": "store", "externalConnection": "public:npmjs"}),
    ("DeleteRepository", MAIN),
    ("DeleteRepository", {**IN, "repository": "store"}),
    ("DeleteRepository", {**IN, "repository": "target"}),
    ("DeleteDomainPermissionsPolicy", IN),
    ("DeleteDomain", IN),
]

walked, refusals = set(), 0
for step in WALK:
    if callable(step):
        step()
        continue
    operation, parameters = step
    shape = MODEL.operation_model(operation).input_shape
    first = operation not in walked
    walked.add(operation)
    if first:
        for what, bad in violations(shape, parameters):
            # The body of an asset has no constraint, and its digest is checked against it.
            if "assetContent" in what or "assetSHA256" in what:
                continue
            _, error = call(operation, bad)
            refusals += 1
            if error is None:
                findings.append(f"{operation}: {what} was accepted: {bad}")
            else:
                hold_error(f"{operation}: {what}", operation, error, "ValidationException")
        errors = [known.name for known in MODEL.operation_model(operation).error_shapes]
        if "domain" in parameters and operation != "CreateDomain" and "ResourceNotFoundException" in errors:
            _, error = call(operation, {**parameters, "domain": "nowhere"})
            refusals += 1
            if error is None:
                findings.append(f"{operation}: found in no domain")
            else:
                hold_error(f"{operation}: no domain", operation, error, "ResourceNotFoundException")
    reply, error = call(operation, parameters)
    if error:
        findings.append(f"{operation}: {error}")
        continue
    hold_reply(operation)
    if operation.startswith("Create"):
        _, error = call(operation, parameters)
        refusals += 1
        if error is None:
            findings.append(f"{operation}: made twice")
        else:
            hold_error(f"{operation}: again", operation, error, "ConflictException")

findings += [f"{operation}: not walked" for operation in MODEL.operation_names if operation not in walked]
print(json.dumps({"operations": len(walked), "refusals": refusals, "findings": findings}))
