using LoraBridge.Model;
using LoraBridge.Model.Store;
using LoraBridge.Store.Tests.Loopback;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>The cache that other tools share, their own folders, and keeping it in order.</summary>
public sealed class CacheTests : StoreTest
{
    private protected override string[] OtherFolders => ["other", "source", "elsewhere"];

    private ModelStore Store => new(Options);

    [Fact]
    public async Task The_layout_is_that_of_hugging_face()
    {
        await PullAsync("hf:owner/repo");
        var repository = Path.Combine(Cache, "models--owner--repo");
        Assert.Equal(File.Commit, System.IO.File.ReadAllText(Path.Combine(repository, "refs", "main")));
        Assert.Equal(Path.Combine("..", "..", "blobs", File.Sha256), new FileInfo(Snapshot(File)).LinkTarget);
        Assert.Equal(["blobs", "refs", "snapshots"], Directory.EnumerateDirectories(repository).Select(Path.GetFileName).Order());
        Assert.True(System.IO.File.Exists(Path.Combine(Cache, ".locks", "models--owner--repo", $"{File.Sha256}.lock")));
        Assert.Equal([".locks", "models--owner--repo"], Directory.EnumerateFileSystemEntries(Cache).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Without_links_the_file_itself_lies_in_the_snapshot()
    {
        var options = Options with { Hooks = new StoreHooks { UseLinks = false } };
        AssertIs(File, await PullAsync(options: options));
        Assert.Null(new FileInfo(Snapshot(File)).LinkTarget);
        Assert.False(System.IO.File.Exists(Blob(File)));
        AssertIs(File, await PullAsync(options: options), downloaded: false);
        Assert.Single(Hub.Downloads);
        Assert.True((await new ModelStore(options).VerifyAsync("hf:owner/repo/model-Q4_K_M.gguf")).Verified);
        Assert.Equal(File.Size, await new ModelStore(options).RemoveAsync("hf:owner/repo/model-Q4_K_M.gguf"));
    }

    [Fact]
    public async Task What_hugging_faces_tools_have_fetched_is_used_and_verified_once()
    {
        PlaceAsHuggingFace(File.Content);
        var model = await PullAsync("hf:owner/repo:Q4_K_M");
        AssertIs(File, model, downloaded: false);
        Assert.True(model.Verified);
        Assert.Empty(Hub.Downloads);
        Assert.Contains(Progress, state => state.Stage == ModelDownloadStage.Verifying);
        Progress.Clear();
        await PullAsync("hf:owner/repo:Q4_K_M");
        Assert.DoesNotContain(Progress, state => state.Stage == ModelDownloadStage.Verifying);
    }

    [Fact]
    public async Task A_damaged_file_of_another_tool_is_not_used_and_fetched_anew()
    {
        var damaged = File.Content.ToArray();
        damaged[77] ^= 1;
        PlaceAsHuggingFace(damaged);
        AssertIs(File, await PullAsync("hf:owner/repo:Q4_K_M"));
        Assert.Contains(Progress, state => state.Message?.Contains("is damaged", StringComparison.Ordinal) == true);
        await Assert.ThrowsAsync<ModelDownloadException>(async () =>
        {
            Directory.Delete(Cache, recursive: true);
            PlaceAsHuggingFace(damaged);
            await PullAsync("hf:owner/repo:Q4_K_M", Options with { Offline = true });
        });
        Directory.Delete(Cache, recursive: true);
    }

    [Theory]
    [InlineData("owner/repo/model-Q4_K_M.gguf")]
    [InlineData("owner_repo_model-Q4_K_M.gguf")]
    [InlineData("blobs/sha256-{0}")]
    [InlineData("models--owner--repo/blobs/{0}")]
    public async Task What_other_tools_have_is_not_fetched(string place)
    {
        var path = Path.Combine(Folder["other"], string.Format(System.Globalization.CultureInfo.InvariantCulture, place, File.Sha256));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, File.Content);
        var options = Options with { OtherDirectories = [Folder["other"]], Catalogue = CatalogueTests.Of(File) };

        var model = await PullAsync("tiny", options);
        Assert.Equal(path, model.Path);
        Assert.True(model.Verified);
        Assert.False(model.Downloaded);
        Assert.Empty(Hub.Log);

        Assert.Equal(path, (await PullAsync("hf:owner/repo", options)).Path);
        Assert.Empty(Hub.Downloads);
        await Assert.ThrowsAsync<InvalidOperationException>(() => new ModelStore(options).RemoveAsync("tiny"));
        Assert.True(System.IO.File.Exists(path));

        // Another content under the name is not the model.
        System.IO.File.WriteAllBytes(path, HubFile.Random(seed: 9).Content);
        AssertIs(File, await PullAsync("tiny", options));
    }

    [Fact]
    public async Task A_model_of_ollama_is_found_by_its_name()
    {
        var options = Options with { OtherDirectories = [Folder["other"]] };
        PlaceAsOllama(File.Content);
        var model = await PullAsync("ollama:smol:1b", options);
        Assert.Equal(Path.Combine(Folder["other"], "blobs", $"sha256-{File.Sha256}"), model.Path);
        Assert.True(model.Verified);
        Assert.Contains("ollama pull", (await Assert.ThrowsAsync<FileNotFoundException>(() => PullAsync("ollama:smol", options))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => PullAsync("ollama:../x", options));
        System.IO.File.WriteAllBytes(model.Path, HubFile.Random(seed: 9).Content);
        await Assert.ThrowsAsync<InvalidDataException>(() => PullAsync("ollama:smol:1b", options));
        Assert.Empty(Hub.Log);
    }

    [Fact]
    public async Task All_parts_of_a_split_model_are_fetched_and_the_first_returned()
    {
        var parts = Enumerable.Range(1, 3).Select(i => HubFile.Random($"big-Q8_0-0000{i}-of-00003.gguf", seed: i, size: 400_000) with { Commit = File.Commit }).ToArray();
        Array.ForEach(parts, Hub.Replace);
        Hub.Cdns((context, file) => Hub.SendAsync(context, file), Hub.Cut(100_000));
        foreach (var id in (string[])["hf:owner/repo:Q8_0", $"hf:owner/repo/{parts[0].Name}"])
        {
            var model = await PullAsync(id);
            Assert.Equal(parts.Select(Snapshot), model.Files.Select(file => file.Path));
            Assert.Equal(Snapshot(parts[0]), model.Path);
            Assert.Equal(1_200_000, model.Bytes);
            Assert.True(model.Verified);
            Assert.All(parts, part => Assert.Equal(part.Content, System.IO.File.ReadAllBytes(Snapshot(part))));
        }
        Assert.Equal(4, Hub.Downloads.Length);
        Assert.Contains(Progress, state => state.Plan is { Bytes: 1_200_000 });
        Assert.All(Progress, state => Assert.InRange(state.Fraction, 0, 1));
    }

    [Fact]
    public async Task A_split_model_that_does_not_fit_is_refused_before_its_first_part()
    {
        var parts = Enumerable.Range(1, 3).Select(i => HubFile.Random($"big-Q8_0-0000{i}-of-00003.gguf", seed: i, size: 400_000) with { Commit = File.Commit }).ToArray();
        Array.ForEach(parts, Hub.Replace);
        var failure = await Assert.ThrowsAsync<IOException>(() => PullAsync("hf:owner/repo:Q8_0", Options with { Hooks = new StoreHooks { FreeSpace = _ => 500_000 } }));
        Assert.Contains("1200000 more bytes", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Downloads);
    }

    [Fact]
    public async Task A_branch_that_moves_on_is_followed_and_an_equal_content_not_fetched_twice()
    {
        await PullAsync("hf:owner/repo");
        var moved = File with { Commit = new string('b', 40) };
        Hub.Replace(moved);
        AssertIs(moved, await PullAsync("hf:owner/repo"), downloaded: false);
        Assert.Single(Hub.Downloads);
        Assert.True(System.IO.File.Exists(Snapshot(File)));
        Assert.Equal(moved.Commit, System.IO.File.ReadAllText(Path.Combine(Cache, "models--owner--repo", "refs", "main")));

        // Each snapshot goes by itself; the content goes with the last.
        Assert.Equal(0, await Store.RemoveAsync($"hf:owner/repo@{File.Commit}/{File.Name}"));
        Assert.Equal(File.Size, await Store.RemoveAsync("hf:owner/repo"));
        Assert.False(Directory.Exists(Path.Combine(Cache, "models--owner--repo")));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.RemoveAsync("hf:owner/repo"));
    }

    [Fact]
    public async Task A_model_at_an_address_is_fetched_once()
    {
        var address = new Uri(Hub.Cdn, "blobs/owner/repo/model-Q4_K_M.gguf").AbsoluteUri;
        var model = await PullAsync(address);
        Assert.Equal(File.Content, System.IO.File.ReadAllBytes(model.Path));
        Assert.False(model.Verified);
        Assert.Equal(File.Sha256, model.Sha256);
        Assert.Equal("model-Q4_K_M.gguf", Path.GetFileName(model.Path));
        Assert.Equal(model.Path, (await PullAsync(address)).Path);
        Assert.Single(Hub.Downloads);
        Assert.Equal(model.Path, (await PullAsync(address, Options with { Offline = true })).Path);

        Hub.ClearLog();
        var verified = await PullAsync($"{address}#sha256={File.Sha256}");
        Assert.True(verified.Verified);
        Hub.ClearLog();
        Assert.False((await PullAsync($"{address}#sha256={File.Sha256}")).Downloaded);
        Assert.Empty(Hub.Log);

        // Another content at the address is another model.
        Hub.Replace(HubFile.Random(seed: 4));
        Assert.True((await PullAsync(address)).Downloaded);
    }

    [Fact]
    public async Task What_is_in_the_cache_is_listed_verified_and_removed()
    {
        await PullAsync("hf:owner/repo");
        var model = Assert.Single(await Store.ListAsync());
        Assert.Equal($"hf:owner/repo@{File.Commit}/{File.Name}", model.Id);
        Assert.True(model.Verified);
        Assert.Equal(File.Size, model.Bytes);
        Assert.Equal("tiny:1b", Assert.Single(await new ModelStore(Options with { Catalogue = CatalogueTests.Of(File) }).ListAsync()).Id);
        Assert.Equal(model.Path, (await Store.FindAsync(model.Id))!.Path);
        Assert.Equal(File.Sha256, (await Store.VerifyAsync(model.Id)).Sha256);

        var stamp = System.IO.File.GetLastWriteTimeUtc(Blob(File));
        using (var blob = System.IO.File.OpenWrite(Blob(File)))
        {
            blob.Position = 1000;
            blob.WriteByte((byte)~File.Content[1000]);
        }
        // A disk that has lost a bit changes no times.
        System.IO.File.SetLastWriteTimeUtc(Blob(File), stamp);
        var damage = await Assert.ThrowsAsync<InvalidDataException>(() => Store.VerifyAsync(model.Id));
        Assert.Contains(File.Sha256, damage.Message, StringComparison.Ordinal);
        Assert.Null(await Store.FindAsync(model.Id));
        Assert.Equal(File.Size, await Store.RemoveAsync(model.Id));
        Assert.Empty(await Store.ListAsync());
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.VerifyAsync(model.Id));
    }

    [Fact]
    public async Task A_file_that_the_catalogue_knows_is_imported_under_its_name()
    {
        var tiny = TinyModels.PathOf(TinyArchitecture.Llama);
        var file = new HubFile("owner/tiny", "tiny-F32.gguf", System.IO.File.ReadAllBytes(tiny));
        var options = Options with { Catalogue = CatalogueTests.Of(file) };
        var model = await new ModelStore(options).ImportAsync(tiny);
        Assert.Equal("tiny:1b", model.Id);
        Assert.Equal(Snapshot(file), model.Path);
        Assert.Equal(Snapshot(file), (await PullAsync("tiny", options)).Path);
        Assert.Empty(Hub.Log);
        Assert.True(System.IO.File.Exists(tiny));
    }

    [Fact]
    public async Task A_file_of_ones_own_gets_a_name_that_stays()
    {
        var tiny = TinyModels.PathOf(TinyArchitecture.Llama);
        Assert.Contains("give it a name", (await Assert.ThrowsAsync<ArgumentException>(() => Store.ImportAsync(tiny))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ImportAsync(tiny, "No Name"));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ImportAsync(tiny, "gemma3:12b"));
        var store = Store;
        var imported = await store.ImportAsync(tiny, "mine:1b");
        Assert.Equal(System.IO.File.ReadAllBytes(tiny), System.IO.File.ReadAllBytes(imported.Path));
        Assert.Equal(imported.Path, (await store.PullAsync("mine:1b")).Path);

        var later = new ModelStore(ModelStoreOptions.From(name => name switch { "LORABRIDGE_HOME" => Home, "HF_HUB_CACHE" => Cache, _ => null }));
        Assert.Equal(imported.Path, (await later.PullAsync("mine:1b")).Path);
        Assert.Equal("mine:1b", Assert.Single(await later.ListAsync()).Id);
        Assert.Equal(new FileInfo(tiny).Length, await later.RemoveAsync("mine:1b"));
        Assert.Null(ModelCatalogue.Load(StoreFolders.UserCatalogue(Home)).Find("mine:1b"));
        Assert.Empty(Hub.Log);
    }

    [Fact]
    public async Task An_adapter_or_rubbish_is_not_imported()
    {
        Directory.CreateDirectory(Folder["source"]);
        var (adapter, rubbish) = (Path.Combine(Folder["source"], "adapter.gguf"), Path.Combine(Folder["source"], "rubbish.gguf"));
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama)).Save(adapter);
        System.IO.File.WriteAllBytes(rubbish, File.Content);
        Assert.Contains("adapter", (await Assert.ThrowsAsync<InvalidDataException>(() => Store.ImportAsync(adapter, "mine"))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => Store.ImportAsync(rubbish, "mine"));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.ImportAsync(Path.Combine(Folder["source"], "missing.gguf"), "mine"));
        Assert.False(Directory.Exists(Cache));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task A_store_without_folders_is_refused(string folder)
    {
        Assert.Throws<ArgumentException>(() => new ModelStore(Options with { CacheDirectory = folder }));
        Assert.Throws<ArgumentException>(() => new ModelStore(Options with { HomeDirectory = folder }));
        Assert.Throws<ArgumentException>(() => new ModelStore(Options with { AccessToken = "two words" }));
        Assert.Throws<ArgumentException>(() => new ModelStore(Options with { Endpoint = new Uri("ftp://hub") }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModelStore(Options with { StallTimeout = TimeSpan.Zero }));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.PullAsync(folder));
    }

    private void PlaceAsHuggingFace(byte[] content)
    {
        var repository = Path.Combine(Cache, "models--owner--repo");
        foreach (var folder in (string[])["blobs", "refs", Path.Combine("snapshots", File.Commit)])
            Directory.CreateDirectory(Path.Combine(repository, folder));
        System.IO.File.WriteAllBytes(Blob(File), content);
        System.IO.File.CreateSymbolicLink(Snapshot(File), Path.Combine("..", "..", "blobs", File.Sha256));
        System.IO.File.WriteAllText(Path.Combine(repository, "refs", "main"), File.Commit);
    }

    private void PlaceAsOllama(byte[] content)
    {
        var manifests = Directory.CreateDirectory(Path.Combine(Folder["other"], "manifests", "registry.ollama.ai", "library", "smol"));
        System.IO.File.WriteAllText(Path.Combine(manifests.FullName, "1b"), $$"""
            {"schemaVersion":2,"layers":[{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:{{new string('0', 64)}}"},
            {"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{{File.Sha256}}"}]}
            """);
        Directory.CreateDirectory(Path.Combine(Folder["other"], "blobs"));
        System.IO.File.WriteAllBytes(Path.Combine(Folder["other"], "blobs", $"sha256-{File.Sha256}"), content);
    }
}
