#!/usr/bin/env bash
# Makes a private authority once and signs a certificate for each server; run again, it renews what ends soon or bears another name.
# Runs in the container `certificates`, which alone has the authority's key.
# INTAKE_NAME, GATEWAY_NAME: the names under which other systems reach MySQL and the gateway.
set -euo pipefail
umask 077
cd /authority

if [ ! -e ca.pem ]; then
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj '/CN=Relais private authority' \
    -keyout ca-key.pem -out ca.pem
fi

# sign PLACE USER NAME...: a key readable by USER alone, and its certificate.
sign() {
  local place=$1 user=$2 names name
  shift 2
  names=$(printf ',DNS:%s' "$@")
  # Signed for 13 months, again when less than two are left or a name is missing.
  if openssl x509 -checkend 5184000 -noout -in "/for/$place/server.pem" > /dev/null 2>&1; then
    for name in "$@"; do
      openssl x509 -checkhost "$name" -noout -in "/for/$place/server.pem" | grep -q 'does match' || break
      [ "$name" = "${!#}" ] && return
    done
  fi
  openssl req -newkey rsa:3072 -nodes -subj "/CN=$1" -keyout /tmp/key.pem -out /tmp/request.pem
  openssl x509 -req -days 397 -in /tmp/request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
    -extfile <(echo "subjectAltName=${names#,}") -out /tmp/certificate.pem
  # One file with both for the gateway, which takes certificate and key together.
  cat /tmp/certificate.pem /tmp/key.pem > /tmp/both.pem
  install --owner="$user" --group="$user" --mode=400 /tmp/key.pem "/for/$place/key.pem"
  install --owner="$user" --group="$user" --mode=444 /tmp/certificate.pem "/for/$place/server.pem"
  install --owner="$user" --group="$user" --mode=400 /tmp/both.pem "/for/$place/both.pem"
  rm /tmp/key.pem /tmp/both.pem
  echo "signed: $place"
}

# MySQL, Redis and Mailpit run as user 999 of their images, the gateway as user 1000 of its own.
sign mysql 999 mysql "${INTAKE_NAME:-mysql}"
sign redis 999 redis
sign mailpit 999 mailpit
sign gateway 1000 gateway "${GATEWAY_NAME:-localhost}"

for place in mysql redis mailpit gateway public; do
  chmod 755 "/for/$place"
  install --mode=444 ca.pem "/for/$place/ca.pem"
done
