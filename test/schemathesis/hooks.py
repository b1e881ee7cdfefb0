"""Who sends the requests: an owner, signed in anew for each operation, so that one that signs out ends nobody else's work."""

import os

import requests
import schemathesis

BASE = os.environ["SMOOCHO_URL"]
LOGIN = {"email": os.environ["SMOOCHO_EMAIL"], "password": os.environ["SMOOCHO_PASSWORD"]}


@schemathesis.auth(refresh_interval=600, cache_by_key=lambda case, context: case.operation.label)
class OwnerAuth:
    def get(self, case, context):
        response = requests.post(f"{BASE}/api/auth/login", json=LOGIN, timeout=30)
        response.raise_for_status()
        return response.json()["accessToken"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
