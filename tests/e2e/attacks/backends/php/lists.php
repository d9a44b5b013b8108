<?php
// The lists in PHP: what the scripts beside it share.

/** The method as Symfony and Laravel read it: a POST may name another in a header, in its body (Laravel: of JSON, too) or in its query. */
function method(): string
{
    $method = strtoupper($_SERVER['REQUEST_METHOD']);
    if ($method !== 'POST') {
        return $method;
    }
    $json = str_contains($_SERVER['CONTENT_TYPE'] ?? '', 'json') ? json_decode(file_get_contents('php://input'), true) : null;
    $other = $_SERVER['HTTP_X_HTTP_METHOD_OVERRIDE'] ?? $_POST['_method'] ?? $json['_method'] ?? $_GET['_method'] ?? $method;
    return is_string($other) ? strtoupper($other) : $method;
}

function answer(int $status, $document): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo is_string($document) ? $document : json_encode($document);
}

function keys_of(string $kind): string
{
    return json_decode(file_get_contents(getenv('KEYS_FILE')), true)[$kind];
}

function list_or_create(string $kind, int $created): void
{
    show_or_create($kind, $created, fn () => keys_of($kind));
}

/** One key of the list. */
function object_or_create(): void
{
    show_or_create('app', 200, fn () => json_decode(keys_of('app'), true)['data'][0]);
}

function show_or_create(string $kind, int $created, callable $shown): void
{
    $method = method();
    if ($method === 'POST') {
        // Nothing is kept, so that the lists stay the same.
        $token = $kind . '-' . bin2hex(random_bytes(12));
        answer($created, ['id' => uuid(), 'type' => $kind, 'token' => $token, 'last_used_at' => null]);
    } elseif ($method === 'GET' || $method === 'HEAD') {
        answer(200, $shown());
    } else {
        answer(405, ['code' => 'method_not_allowed']);
    }
}

function uuid(): string
{
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex(random_bytes(16)), 4));
}
