#!/usr/bin/env bash
# Schemas and accounts of MySQL, each account at one address. Safe to run again: it follows changed addresses and passwords, and
# removes our accounts at other addresses. Tables and the rights on them come from `relais migrate`.
# Runs in the container `accounts`, which reaches MySQL by its socket alone.
# OWNER_ADDRESS, BACKUP_ADDRESS, GATEWAY_ADDRESS, THIS_HOST, and INTAKE_FROM of .env (addresses, comma between): where the accounts
# come from.
set -euo pipefail
intake_from=$(sed -n 's/^INTAKE_FROM=//p' /docker/settings | tail -n 1)

server() {
  mysql --defaults-extra-file=<(printf '[client]\nuser=root\npassword="%s"\n' "$(cat /run/secrets/mysql_root)") \
    --socket=/run/mysqld/mysqld.sock --batch --skip-column-names "$@"
}

# The image's first, temporary server has no network: accounts are for the one after it.
for _ in $(seq 300); do
  [ "$(server --execute='SELECT @@skip_networking' 2> /dev/null || true)" = 0 ] && break
  sleep 1
done
if ! server --execute='DO 1' 2> /tmp/why; then
  echo "MySQL does not answer root on its socket: $(cat /tmp/why)" >&2
  echo "keys/mysql_root must be the password with which the volume was first made." >&2
  exit 1
fi

statements=''
grants=''
kept=''
# account USER ADDRESS SECRET: makes it or gives it the present password.
account() {
  local user=$1 address=$2 password
  if [[ ! $address =~ ^[0-9]+(\.[0-9]+){3}$ && ! $address =~ ^[0-9a-fA-F]*(:[0-9a-fA-F]*){2,7}$ ]]; then
    echo "\"$address\" is no address. INTAKE_FROM takes the addresses of the systems that send leads, comma between: no names, no %." >&2
    exit 1
  fi
  password=$(sed "s/[\\\\']/\\\\&/g" "/run/secrets/$3")
  statements+="CREATE USER IF NOT EXISTS '$user'@'$address' IDENTIFIED BY '$password' REQUIRE SSL;
ALTER USER '$user'@'$address' IDENTIFIED BY '$password' REQUIRE SSL;
"
  kept+="${kept:+, }('$user', '$address')"
}

for address in "$OWNER_ADDRESS" "$BACKUP_ADDRESS"; do
  account relais_owner "$address" mysql_owner
  # So that `relais migrate` finds the addresses of the other accounts; passwords it does not see.
  grants+="GRANT ALL PRIVILEGES ON relais.* TO 'relais_owner'@'$address' WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON relais_keys.* TO 'relais_owner'@'$address' WITH GRANT OPTION;
GRANT SELECT (Host, User) ON mysql.user TO 'relais_owner'@'$address';
"
done
account relais "$GATEWAY_ADDRESS" mysql_gateway
# `relais lead import` runs in the gateway's container.
account relais_intake "$GATEWAY_ADDRESS" mysql_intake
read -ra addresses <<< "${intake_from//,/ }"
for address in "${addresses[@]:-$THIS_HOST}"; do account relais_intake "$address" mysql_intake; done

server << SQL
CREATE DATABASE IF NOT EXISTS relais CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS relais_keys CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
$statements
$grants
SQL

server --execute="SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user
  WHERE user IN ('relais_owner', 'relais', 'relais_intake') AND (user, host) NOT IN ($kept)" |
  while read -r old; do
    server --execute="DROP USER $old"
    echo "removed: $old"
  done
echo "accounts: $kept"
