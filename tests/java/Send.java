import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.ParseException;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.support.ClassicRequestBuilder;

/**
 * Sends one batch like the official Java SDK: with the default client of Apache HttpClient 5, a
 * StringEntity, and response headers in a map that is read by exact name. Prints the status, the
 * challenge and the body, one per line.
 */
public class Send {
  public static void main(String[] args) throws Exception {
    String url = System.getenv("SMS_GATEWAY") + "/xms/v1/" + System.getenv("SERVICE_PLAN") + "/batches";
    ClassicHttpRequest request =
        ClassicRequestBuilder.post(url)
            .setHeader("Authorization", "Bearer " + System.getenv("TOKEN"))
            .setEntity("{\"to\":[\"46701234567\"],\"body\":\"Hello\"}", ContentType.APPLICATION_JSON)
            .build();
    try (CloseableHttpClient client = HttpClients.createDefault()) {
      client.execute(request, Send::print);
    }
  }

  private static Void print(ClassicHttpResponse response) throws IOException, ParseException {
    Map<String, String> headers = new HashMap<>();
    for (Header header : response.getHeaders()) headers.put(header.getName(), header.getValue());
    System.out.println(response.getCode());
    System.out.println(headers.getOrDefault("www-authenticate", ""));
    System.out.println(EntityUtils.toString(response.getEntity()));
    return null;
  }
}
