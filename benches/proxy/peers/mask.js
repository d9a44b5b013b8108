// Masks by parsing: what njs is usually used for. Each request has variables of its own.
const parts = [];

function forgetLength(r) {
    delete r.headersOut['Content-Length'];
}

function shown(token) {
    return token.length < 17 ? '***' : token.slice(0, 5) + '...' + token.slice(-4);
}

function mask(r, data, flags) {
    parts.push(data);
    if (!flags.last) {
        return;
    }
    const list = JSON.parse(parts.join(''));
    list.data.forEach((key) => { key.token = shown(key.token); });
    r.sendBuffer(JSON.stringify(list), flags);
}

export default {forgetLength, mask};
