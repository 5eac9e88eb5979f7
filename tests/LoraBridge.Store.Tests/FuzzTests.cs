using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>A server of random status lines, headers and bodies: never a wrong file, never a hang, and each error says what happened.</summary>
public sealed class FuzzTests
{
    private const int Cases = 2000;

    private static readonly HubFile File = HubFile.Random(size: 20_000);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_random_hub_leads_to_no_wrong_file(int seed)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var serving = ServeAsync(listener, random, stop.Token);
        var endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        var (right, unverified, failed) = (0, 0, 0);
        for (var i = 0; i < Cases / 2; i++)
        {
            var cache = folder[$"cache-{i}"];
            var id = (i % 4) switch
            {
                0 => "hf:owner/repo:Q4_K_M",
                1 => new Uri(endpoint, $"files/model-Q4_K_M.gguf#sha256={File.Sha256}").AbsoluteUri.Replace("127.0.0.1", "localhost", StringComparison.Ordinal),
                _ => "hf:owner/repo/model-Q4_K_M.gguf",
            };
            var store = new ModelStore(new ModelStoreOptions
            {
                CacheDirectory = cache, HomeDirectory = folder["home"], Endpoint = endpoint, TimeProvider = new FakeClock(), AccessToken = "secret",
            });
            try
            {
                var model = await store.PullAsync(id).WaitAsync(TimeSpan.FromMinutes(1));
                Assert.StartsWith(cache, Path.GetFullPath(model.Path), StringComparison.Ordinal);
                var content = System.IO.File.ReadAllBytes(model.Path);
                Assert.Equal(model.Sha256, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)));
                if (model.Verified)
                    Assert.Equal(File.Content, content);
                right += model.Verified ? 1 : 0;
                unverified += model.Verified ? 0 : 1;
            }
            catch (Exception explained) when (explained is ModelDownloadException or InvalidDataException || explained.GetType() == typeof(IOException))
            {
                Assert.NotEmpty(explained.Message);
                Assert.DoesNotContain(explained.Message, char.IsControl);
                Assert.DoesNotContain("secret", explained.Message, StringComparison.Ordinal);
                failed++;
            }
            if (Directory.Exists(cache))
                Directory.Delete(cache, recursive: true);
        }
        await stop.CancelAsync();
        await serving;
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.FullName).Select(Path.GetFileName).Except(["home"]));
        // The hub is random, not broken: each outcome is met.
        Assert.True(right > 20 && failed > 20 && right + unverified + failed == Cases / 2, $"{right} right, {unverified} unverified, {failed} failed");
    }

    private static async Task ServeAsync(TcpListener listener, Random random, CancellationToken cancellationToken)
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(cancellationToken);
                connections.Add(AnswerAsync(socket, random.Next()));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private static async Task AnswerAsync(Socket socket, int seed)
    {
        var random = new Random(seed);
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var (request, from) = await ReadAsync(stream);
            if (request.Length == 0)
                return;
            var head = Encoding.Latin1.GetBytes(Head(random, request, from, out var body));
            if (random.Next(40) == 0)
                random.NextBytes(head.AsSpan(random.Next(head.Length)));
            await stream.WriteAsync(head.AsMemory(0, random.Next(25) == 0 ? random.Next(head.Length) : head.Length));
            if (!request.StartsWith("HEAD", StringComparison.Ordinal))
                await stream.WriteAsync(body);
        }
        catch (IOException)
        {
            // The client has had enough.
        }
    }

    private static async Task<(string Request, int From)> ReadAsync(NetworkStream stream)
    {
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer);
            if (count == 0)
                return ("", 0);
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        var request = text.ToString();
        var range = request.IndexOf("bytes=", StringComparison.Ordinal);
        var from = range < 0 ? 0 : int.Parse(request[(range + 6)..request.IndexOf('-', range)], CultureInfo.InvariantCulture);
        return (request, Math.Min(from, File.Content.Length));
    }

    /// <summary>An answer that is right half of the time, and has a fault or several the other half.</summary>
    private static string Head(Random random, string request, int from, out byte[] body)
    {
        bool Fault() => random.Next(8) == 0;
        body = request.Contains("/api/models/", StringComparison.Ordinal) ? Listing(random) : File.Content[from..];
        if (Fault())
            body = body[..random.Next(body.Length + 1)];
        if (Fault() && body.Length > 0)
            body[random.Next(body.Length)] ^= (byte)random.Next(1, 256);
        if (Fault())
            body = [.. body, .. new byte[random.Next(1, 3000)]];
        int[] statuses = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 407, 408, 410, 416, 429, 500, 503, 599, 999, 100];
        var status = random.Next(5) == 0 ? statuses[random.Next(statuses.Length)] : from > 0 && !Fault() ? 206 : 200;
        var head = new StringBuilder($"HTTP/1.1 {status} {Junk(random, 6)}\r\nConnection: close\r\n");
        if (!Fault())
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {(Fault() ? random.Next(-5, 40_000) : body.Length)}\r\n");
        if (status == 206 || Fault())
            head.Append(CultureInfo.InvariantCulture, $"Content-Range: bytes {(Fault() ? random.Next(30_000) : from)}-{File.Size - 1}/{(Fault() ? random.Next(30_000) : File.Size)}\r\n");
        if (status is >= 300 and < 400 || Fault())
            head.Append(CultureInfo.InvariantCulture, $"Location: {Locations[random.Next(Locations.Length)]}\r\n");
        if (random.Next(6) > 0)
            head.Append(CultureInfo.InvariantCulture, $"X-Linked-Etag: \"{(Fault() ? Junk(random, 64) : File.Sha256)}\"\r\n");
        if (random.Next(6) > 0)
            head.Append(CultureInfo.InvariantCulture, $"X-Linked-Size: {(Fault() ? random.NextInt64(-10, long.MaxValue) >> random.Next(60) : File.Size)}\r\n");
        if (random.Next(6) > 0)
            head.Append(CultureInfo.InvariantCulture, $"X-Repo-Commit: {(Fault() ? Junk(random, 40) : File.Commit)}\r\n");
        if (random.Next(3) > 0)
            head.Append(CultureInfo.InvariantCulture, $"ETag: {(Fault() ? Junk(random, 30) : File.CdnETag)}\r\n");
        if (Fault())
            head.Append(CultureInfo.InvariantCulture, $"{Names[random.Next(Names.Length)]}: {Junk(random, 30)}\r\n");
        return head.Append("\r\n").ToString();
    }

    private static readonly string[] Locations = ["/owner/repo/resolve/main/model-Q4_K_M.gguf", "/", "", "::::", "http://127.0.0.1:1/x", "file:///etc/passwd", "//", "?", "../../.."];

    private static readonly string[] Names =
        ["Content-Encoding", "Transfer-Encoding", "Link", "Retry-After", "X-Error-Message", "X-Error-Code", "Set-Cookie", "Content-Type", "Content-Range", "Content-Length"];

    private static byte[] Listing(Random random)
    {
        var path = random.Next(6) == 0 ? Junk(random, 20).Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal) + ".gguf" : File.Name;
        var json = $$"""[{"type":"file","path":"{{path}}","lfs":{"oid":"{{File.Sha256}}"},"size":{{File.Size}}}]""";
        return Encoding.UTF8.GetBytes(json);
    }

    private static string Junk(Random random, int length) =>
        string.Concat(Enumerable.Range(0, random.Next(length + 1)).Select(_ => (char)(random.Next(12) == 0 ? random.Next(1, 256) : random.Next(33, 127))));
}
