PORTAL=https://portal.example

# Organisations of Talsi that work for young people: three columns, texts in English where there
# are any. The column name_language says which language a name is in.
curl --silent --fail --get "$PORTAL/en/organizations/export.csv" \
  --data "municipality=talsi" --data "topic=youth-work" \
  --data "columns=name,town,founded" --data "texts=en" --data "bom=no"
