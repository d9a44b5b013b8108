import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lists in a servlet, which routes by the path as Tomcat has decoded it. */
@WebServlet("/*")
public class Lists extends HttpServlet {
    private static final Pattern ROUTE =
        Pattern.compile("/console/api/(?:(apps)/[^/]+|(datasets)/[^/]+|(datasets))/api-keys(/[^/]+)?");

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath() + (request.getPathInfo() == null ? "" : request.getPathInfo());
        Matcher route = ROUTE.matcher(path);
        if (path.equals("/health")) {
            answer(response, 200, "{\"ok\":true}");
        } else if (!route.matches()) {
            answer(response, 404, "{\"code\":\"not_found\"}");
        } else if (route.group(4) != null) {
            response.setStatus(204);
        } else {
            boolean workspace = route.group(1) == null && path.contains("/datasets/api-keys");
            String kind = route.group(1) != null ? "app" : workspace ? "dataset" : "ds";
            switch (request.getMethod()) {
                case "GET", "HEAD" -> answer(response, 200, list(kind));
                case "POST" -> answer(response, workspace ? 200 : 201, created(kind));
                default -> answer(response, 405, "{\"code\":\"method_not_allowed\"}");
            }
        }
    }

    private static void answer(HttpServletResponse response, int status, String body) throws IOException {
        response.setStatus(status);
        response.setContentType("application/json");
        response.getOutputStream().write(body.getBytes("UTF-8"));
    }

    private static String created(String kind) {
        String token = kind + "-" + UUID.randomUUID().toString().replace("-", "").substring(0, 24);
        return "{\"id\":\"" + UUID.randomUUID() + "\",\"type\":\"" + kind + "\",\"token\":\"" + token + "\",\"last_used_at\":null}";
    }

    /** The file holds each list as a JSON string under its kind. */
    private static String list(String kind) throws IOException {
        String keys = Files.readString(Path.of(System.getenv("KEYS_FILE")));
        Matcher list = Pattern.compile("\"" + kind + "\": \"((?:[^\"\\\\]|\\\\.)*)\"").matcher(keys);
        list.find();
        return list.group(1).replace("\\\"", "\"");
    }
}
