#!/bin/bash
# Prints the secret, read as the identity that this machine has.
set -euo pipefail
metadata='http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net'
metadata="$metadata&client_id=$AZURE_CLIENT_ID"
token="$(curl -fsS --max-time 10 -H 'Metadata: true' "$metadata" | jq -er .access_token)"
# By standard input: others on this machine can read arguments.
curl -fsS --max-time 10 --config - "$SECRET_ID?api-version=7.4" <<<"header = \"Authorization: Bearer $token\"" | jq -er .value
