<?php
// Stores the token of a JSON or form body in the file that STORE names.
$body = file_get_contents('php://input');
if (str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/json')) {
    $fields = json_decode($body, true);
} else {
    parse_str($body, $fields);
}
if (!isset($fields['token'])) {
    http_response_code(400);
    exit('{"error":"no token"}');
}
file_put_contents(getenv('STORE'), $fields['token']);
header('Content-Type: application/json');
echo '{"saved":true}';
