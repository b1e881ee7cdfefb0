#!/bin/bash
# Prints the secret, read as the service account that this machine has.
set -euo pipefail
metadata='http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token'
token="$(curl -fsS --max-time 10 -H 'Metadata-Flavor: Google' "$metadata" | jq -er .access_token)"
# By standard input: others on this machine can read arguments.
curl -fsS --max-time 10 --config - "https://secretmanager.googleapis.com/v1/$SECRET_ID/versions/latest:access" \
  <<<"header = \"Authorization: Bearer $token\"" | jq -er .payload.data | base64 -d
