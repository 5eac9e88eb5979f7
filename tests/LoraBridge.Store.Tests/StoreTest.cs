using System.Security.Cryptography;
using LoraBridge.Model;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>A hub, a cache and a clock for each test; what must hold after every test is checked at its end.</summary>
public abstract class StoreTest : IAsyncLifetime
{
    private protected const string Token = "hf_secret";

    private readonly TemporaryFolder _folder = new();

    private protected LoopbackHub Hub { get; private set; } = null!;

    private protected FakeClock Clock { get; } = new();

    private protected HubFile File { get; } = HubFile.Random();

    private protected string Cache => _folder["cache"];

    private protected string Home => _folder["home"];

    private protected TemporaryFolder Folder => _folder;

    private protected List<ModelDownloadProgress> Progress { get; } = [];

    private protected ModelStoreOptions Options => new()
    {
        CacheDirectory = Cache,
        HomeDirectory = Home,
        Endpoint = Hub.Endpoint,
        AccessToken = Token,
        TimeProvider = Clock,
    };

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        Hub = await LoopbackHub.StartAsync("", File);
        Hub.Received = () => Directory.Exists(Cache)
            ? Directory.EnumerateFiles(Cache, "*.part", SearchOption.AllDirectories).Select(path => new FileInfo(path)).Where(part => part.Exists).Sum(part => part.Length)
            : 0;
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        try
        {
            AssertSound();
        }
        finally
        {
            _folder.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    private protected Task<StoredModel> PullAsync(string id = "hf:owner/repo/model-Q4_K_M.gguf", ModelStoreOptions? options = null, CancellationToken cancellationToken = default) =>
        new ModelStore(options ?? Options).PullAsync(id, new Recorder(Progress), cancellationToken);

    private protected string Blob(HubFile file) => Path.Combine(Cache, $"models--{file.Repository.Replace("/", "--", StringComparison.Ordinal)}", "blobs", file.Sha256);

    private protected string Snapshot(HubFile file) =>
        Path.Combine(Cache, $"models--{file.Repository.Replace("/", "--", StringComparison.Ordinal)}", "snapshots", file.Commit, file.Name);

    /// <summary>Asserts that the model is the file, whole, under its name.</summary>
    private protected void AssertIs(HubFile file, StoredModel model, bool downloaded = true)
    {
        Assert.Equal(Snapshot(file), model.Path);
        Assert.Equal(file.Content, System.IO.File.ReadAllBytes(model.Path));
        Assert.Equal(file.Sha256, model.Sha256);
        Assert.Equal(downloaded, model.Downloaded);
        Assert.False(System.IO.File.Exists($"{Blob(file)}.part"));
    }

    /// <summary>Asserts that nothing has the model's name and nothing was kept of it.</summary>
    private protected void AssertNothingKept(HubFile file)
    {
        Assert.False(System.IO.File.Exists(Snapshot(file)));
        Assert.False(System.IO.File.Exists(Blob(file)));
        Assert.False(System.IO.File.Exists($"{Blob(file)}.part"));
    }

    /// <summary>Each file with a name has the content that its name says, and nothing lies outside of the folders.</summary>
    private void AssertSound()
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.FullName).Select(Path.GetFileName).Except(["cache", "home", .. OtherFolders]));
        if (!Directory.Exists(Cache))
            return;
        foreach (var blob in Directory.EnumerateFiles(Cache, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(Path.GetDirectoryName(path)) == "blobs"))
        {
            if (Path.GetFileName(blob) is { Length: 64 } hash)
                Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(blob))));
        }
        foreach (var link in Directory.EnumerateFiles(Cache, "*.gguf", SearchOption.AllDirectories))
        {
            if (new FileInfo(link).ResolveLinkTarget(true) is { } target)
                Assert.StartsWith(Cache, target.FullName, StringComparison.Ordinal);
        }
    }

    /// <summary>What else a test puts beside the cache.</summary>
    private protected virtual string[] OtherFolders => [];

    private sealed class Recorder(List<ModelDownloadProgress> list) : IProgress<ModelDownloadProgress>
    {
        public void Report(ModelDownloadProgress value)
        {
            lock (list)
                list.Add(value);
        }
    }
}
