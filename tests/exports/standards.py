"""Holds the four core standards against what others publish.

Schemas and examples are held against `jsonschema`, a validator of the whole of JSON Schema 2020-12
that reads none of our formats; what an example becomes in FHIR against the classes of
`fhir.resources` (R4B, which left these four types as R4 has them).
"""

import json
import subprocess

from fhir.resources.R4B.careplan import CarePlan
from fhir.resources.R4B.documentreference import DocumentReference
from fhir.resources.R4B.flag import Flag
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from jsonschema import Draft202012Validator

KINDS = {
    "message": DocumentReference,
    "alert": Flag,
    "plan": CarePlan,
    "assessment": QuestionnaireResponse,
}


def check(ken, folder, count, fhir):
    """Counts what is wrong with each standard and each of its examples."""
    for name, kind in KINDS.items():
        schema = json.loads((folder / name / "schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        examples = sorted((folder / name / "examples").glob("*.json"))
        count(f"{name} has twenty examples", [] if len(examples) == 20 else [len(examples)])
        for path in examples:
            body = json.loads(path.read_text())
            wrong = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(body)]
            asked = [ken, "standards", "to-fhir", str(path)]
            said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
            resource = json.loads(said)
            count(f"{name}: {path.stem}", wrong + fhir(kind, resource))
        # A check that cannot fail is none: each must see a fault.
        seen = validator.iter_errors(body | {"surprise": "x"})
        count(f"{name}: an unknown field is seen", [] if list(seen) else ["no"])
        seen = fhir(kind, resource | {"surprise": "x"})
        count(f"{name}: an unknown element is seen", [] if seen else ["no"])
