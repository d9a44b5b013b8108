<?php
// The front controller by the name that Symfony gave it.
require __DIR__ . '/index.php';
