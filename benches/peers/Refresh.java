// The refresh by hand, on one event loop of Netty, with a statement and a MAC that are kept.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Refresh extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final int LIFETIME = 1800;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
    private static final String HEADER =
            ENCODER.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.US_ASCII));

    private final Mac mac;
    private final PreparedStatement find;

    private Refresh(Mac mac, PreparedStatement find) {
        this.mac = mac;
        this.find = find;
    }

    public static void main(String[] args) throws Exception {
        var secret = System.getenv("JWT_SECRET_KEY").getBytes(StandardCharsets.UTF_8);
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret, "HmacSHA256"));
        var database = DriverManager.getConnection("jdbc:sqlite:" + System.getenv("DATABASE_FILE"));
        var find = database.prepareStatement("SELECT is_active FROM users WHERE id = ?");
        // One loop, so that the statement and the MAC are one thread's.
        var loop = new NioEventLoopGroup(1);
        var server = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), new HttpObjectAggregator(65536), new Refresh(mac, find));
                    }
                });
        var channel = server.bind("127.0.0.1", 0).sync().channel();
        var address = channel.localAddress().toString().substring(1);
        System.err.println("{\"message\":\"listening; Netty\",\"address\":\"" + address + "\"}");
        channel.closeFuture().sync();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) throws Exception {
        if (request.method() != HttpMethod.POST || !request.uri().equals("/api/auth/refresh")) {
            answer(context, HttpResponseStatus.NOT_FOUND, new byte[0]);
            return;
        }
        try (InputStream body = new ByteBufInputStream(request.content())) {
            var token = refreshed(JSON.readTree(body).path("token").asText());
            if (token == null) {
                answer(context, HttpResponseStatus.UNAUTHORIZED, new byte[0]);
                return;
            }
            var json = JSON.createObjectNode()
                    .put("access_token", token)
                    .put("token_type", "bearer")
                    .put("expires_in", LIFETIME);
            answer(context, HttpResponseStatus.OK, JSON.writeValueAsBytes(json));
        }
    }

    private String refreshed(String token) throws Exception {
        var parts = token.split("\\.", -1);
        if (parts.length != 3 || !JSON.readTree(DECODER.decode(parts[0])).path("alg").asText().equals("HS256")) {
            return null;
        }
        var signature = mac.doFinal(token.substring(0, token.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII));
        if (!MessageDigest.isEqual(signature, DECODER.decode(parts[2]))) {
            return null;
        }
        var claims = (ObjectNode) JSON.readTree(DECODER.decode(parts[1]));
        find.setString(1, claims.path("sub").asText());
        try (var rows = find.executeQuery()) {
            if (!rows.next() || !rows.getBoolean(1)) {
                return null;
            }
        }
        var now = System.currentTimeMillis() / 1000;
        claims.put("iat", now).put("exp", now + LIFETIME);
        var signed = HEADER + '.' + ENCODER.encodeToString(JSON.writeValueAsBytes(claims));
        return signed + '.' + ENCODER.encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void answer(ChannelHandlerContext context, HttpResponseStatus status, byte[] body) {
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
        response.headers().set("Content-Type", "application/json").set("Content-Length", body.length);
        context.writeAndFlush(response);
    }
}
