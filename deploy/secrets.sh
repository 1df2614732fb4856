#!/bin/sh
# Draws every secret that deploy/compose.yaml and deploy/kubernetes/demo read, and writes them to a file, unless there
# is one: sh deploy/secrets.sh deploy/.env
#
# Keys of callers are drawn by the gateway itself: OTA_GATEWAY is its command, the image unless you say otherwise.
set -eu

file=${1:?the file to write}
[ ! -e "$file" ] || { echo "$file is there already; nothing was changed" >&2; exit 1; }

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
digest() { printf %s "$1" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d ' ' -f 1; }
key() { ${OTA_GATEWAY:-docker run --rm --network none ota-gateway} keys new "$1" --role "$1" 2>/dev/null; }

operator=$(key operator)
prometheus=$(key prometheus)
umask 077
cat > "$file" <<SECRETS
# What callers send: Authorization: Bearer OPERATOR_KEY
OPERATOR_KEY=$operator
OPERATOR_KEY_SHA256=$(digest "$operator")
PROMETHEUS_KEY=$prometheus
PROMETHEUS_KEY_SHA256=$(digest "$prometheus")
CURSOR_SECRET=$(random)
CACHE_PASSWORD=$(random)
LEDGER_PASSWORD=$(random)
GRAFANA_PASSWORD=$(random)
SECRETS
echo "$file holds the secrets; its OPERATOR_KEY lets you in" >&2
