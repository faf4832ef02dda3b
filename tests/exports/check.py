"""Holds the exports of agreements, and the core standards, against what others publish.

    python check.py KEN AGREEMENTS

FHIR is held against the classes of the package `fhir.resources`, which are made from HL7's own
definitions: R4 `Contract` against R4B, which left it as it was; R5 `Permission` and `Bundle`.
JSON-LD is expanded by `PyLD`: every property must become a full address, and every name too.
ODRL's own context lies on the web; here stands what it says of the terms that Ken uses.

The last line says "N passed, N failed".
"""

import copy
import json
import pathlib
import subprocess
import sys

from fhir.resources.R4B.contract import Contract
from fhir.resources.bundle import Bundle
from fhir.resources.permission import Permission
from pydantic import ValidationError
from pyld import jsonld

import standards

ODRL = "http://www.w3.org/ns/odrl/2/"
ADDRESS = "http://www.w3.org/ns/odrl.jsonld"
NAMES = {"uid": "@id"}
LINKS = ["assigner", "assignee", "target", "profile"]
TERMS = ["permission", "prohibition", "constraint", "duty", "rightOperand", "conflict"]
WORDS = ["action", "leftOperand", "operator"]


def context():
    """What ODRL's context says of the terms that Ken uses."""
    terms = {"@vocab": ODRL, **NAMES}
    terms |= {word: {"@id": ODRL + word} for word in TERMS}
    terms |= {word: {"@id": ODRL + word, "@type": "@id"} for word in LINKS}
    terms |= {word: {"@id": ODRL + word, "@type": "@vocab"} for word in WORDS}
    return {"@context": terms}


def load(url, _options=None):
    if url != ADDRESS:
        raise ValueError(f"nothing is fetched: {url}")
    return {"contextUrl": None, "documentUrl": url, "document": context()}


def names(value):
    """Every property and every name of expanded JSON-LD."""
    if isinstance(value, list):
        for item in value:
            yield from names(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("@id", "@type"):
                yield from item if isinstance(item, list) else [item]
            elif key != "@value":
                if not key.startswith("@"):
                    yield key
                yield from names(item)


def linked(body):
    """What is wrong with JSON-LD."""
    # A name that is not whole would be read against this, and so is seen.
    expanded = jsonld.expand(body, {"documentLoader": load, "base": "relative:/"})
    found = set(names(expanded))
    wrong = [name for name in found if not name.startswith(("http:", "https:", "urn:"))]
    terms = [term for term in texts(expanded) if term.startswith(("eu-gdpr:", "dpv:", "odrl:"))]
    return [f"no full address: {name}" for name in wrong + terms] or ([] if found else ["empty"])


def texts(value):
    """Every text that was not taken for a name."""
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        text = value.get("@value")
        if isinstance(text, str):
            yield text
        for item in value.values():
            yield from texts(item)


def fhir(kind, body):
    """What is wrong with a FHIR resource."""
    try:
        kind.model_validate(copy.deepcopy(body))
        return []
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5]]


def permissions(body):
    """What is wrong with a bundle of permissions."""
    wrong = fhir(Bundle, body)
    for entry in body["entry"]:
        wrong += fhir(Permission, entry["resource"])
    return wrong


def main():
    ken, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    passed, failed = 0, 0

    def count(name, wrong):
        nonlocal passed, failed
        if wrong:
            failed += 1
            print(f"FAILED {name}")
            for one in wrong[:8]:
                print(f"       {one}")
        else:
            passed += 1

    def export(path, vocabulary):
        asked = [ken, "agreement", "export", "--as", vocabulary, str(path)]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        return json.loads(said)["export"]

    checks = {
        "fhir-r4": lambda body: fhir(Contract, body),
        "fhir-r5": permissions,
        "odrl": linked,
        "dpv": linked,
    }
    texts_of = sorted(folder.glob("*.toml"))
    for path in texts_of:
        for vocabulary, check in checks.items():
            count(f"{path.stem} as {vocabulary}", check(export(path, vocabulary)))

    # A check that cannot fail is none: each must see a fault.
    one = texts_of[0]
    contract = export(one, "fhir-r4") | {"statuss": "offered"}
    count("an unknown member of a contract is seen", [] if fhir(Contract, contract) else ["no"])
    bundle = export(one, "fhir-r5")
    bundle["entry"][0]["resource"].pop("combining")
    count("a permission without its combining is seen", [] if permissions(bundle) else ["no"])
    policy = export(one, "odrl") | {"assigner": "police"}
    count("a party without an address is seen", [] if linked(policy) else ["no"])
    standards.check(ken, folder.parent / "standards", count, fhir)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not texts_of else 0


if __name__ == "__main__":
    sys.exit(main())
