<?php
// A script that is a list: what stands behind its name in the path is its PATH_INFO, and changes nothing.
require __DIR__ . '/../lists.php';

list_or_create('app', 201);
