#!/usr/bin/env bash
# Healthy is a MySQL that the gateway can use: the final server, on the network, with a certificate that has not ended, with both
# schemas and the accounts at their addresses. A server that only answers is not enough.
set -euo pipefail
found=$(
  mysql --defaults-extra-file=<(printf '[client]\nuser=root\npassword="%s"\n' "$(cat /run/secrets/mysql_root)") \
    --socket=/run/mysqld/mysqld.sock --batch --skip-column-names --execute="SELECT CONCAT_WS(' ',
      IF(@@skip_networking = 0, '', 'no network'),
      IF((SELECT STR_TO_DATE(variable_value, '%b %e %T %Y GMT') > UTC_TIMESTAMP() FROM performance_schema.global_status
          WHERE variable_name = 'Ssl_server_not_after'), '', 'no valid certificate'),
      IF((SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN ('relais', 'relais_keys')) = 2, '', 'no schemas'),
      IF((SELECT COUNT(*) FROM mysql.user WHERE (user, host) IN
          (('relais_owner', '$OWNER_ADDRESS'), ('relais', '$GATEWAY_ADDRESS'), ('relais_intake', '$GATEWAY_ADDRESS'))) = 3,
        '', 'no accounts: docker compose logs accounts'))"
)
[ -z "${found// /}" ] || { echo "$found"; exit 1; }
