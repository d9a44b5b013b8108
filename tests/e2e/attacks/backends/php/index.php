<?php
// The front controller. It is told its path in the ways in which frameworks of PHP are.
require __DIR__ . '/lists.php';

route(rtrim('/' . ltrim(path(), '/'), '/'));

function path(): string
{
    // Zend Framework 1 and Symfony 2 believed what IIS wrote there.
    foreach (['HTTP_X_ORIGINAL_URL', 'HTTP_X_REWRITE_URL'] as $field) {
        if (isset($_SERVER[$field])) {
            return rawurldecode(parse_url($_SERVER[$field], PHP_URL_PATH) ?: '/');
        }
    }
    // WordPress, Phalcon, ThinkPHP, Drupal, Yii, CakePHP, OpenCart, Kohana.
    foreach (['rest_route', '_url', 's', 'q', 'r', 'url', 'route', 'kohana_uri'] as $parameter) {
        if (isset($_GET[$parameter]) && is_string($_GET[$parameter]) && str_contains($_GET[$parameter], '/')) {
            return $_GET[$parameter];
        }
    }
    if (($_SERVER['PATH_INFO'] ?? '/') !== '/') {
        return $_SERVER['PATH_INFO'];
    }
    // CodeIgniter: the query is the path, and may have a query of its own.
    $query = $_SERVER['QUERY_STRING'] ?? '';
    if (str_starts_with($query, '/')) {
        return rawurldecode(explode('?', explode('&', $query)[0])[0]);
    }
    $path = rawurldecode(explode('?', $_SERVER['REQUEST_URI'])[0]);
    return preg_replace('#^/(index|app)\.php#', '', $path);
}

function route(string $path): void
{
    if (preg_match('#^/console/api/apps/[^/]+/api-keys$#', $path)) {
        list_or_create('app', 201);
    } elseif ($path === '/console/api/datasets/api-keys') {
        list_or_create('dataset', 200);
    } elseif (preg_match('#^/console/api/datasets/[^/]+/api-keys$#', $path)) {
        list_or_create('ds', 201);
    } elseif (preg_match('#^/console/api/(apps/[^/]+|datasets|datasets/[^/]+)/api-keys/[^/]+$#', $path) && method() === 'DELETE') {
        http_response_code(204);
    } elseif (preg_match('#^/v1/keys/[^/]+$#', $path)) {
        object_or_create();
    } elseif ($path === '/health') {
        answer(200, ['ok' => true]);
    } elseif ($path === '/v1/echo') {
        $length = strlen(file_get_contents('php://input'));
        answer(200, ['method' => method(), 'query' => $_SERVER['QUERY_STRING'] ?? '', 'length' => $length, 'x' => $_SERVER['HTTP_X_TEST'] ?? null]);
    } elseif ($path === '/sse') {
        header('Content-Type: text/event-stream');
        foreach ([0, 1, 2] as $number) {
            echo "data: $number\n\n";
        }
    } else {
        answer(404, ['code' => 'not_found']);
    }
}
