using LoraBridge.Model;
using LoraBridge.Model.Store;
using LoraBridge.TestKit;

namespace LoraBridge.Store.Tests;

/// <summary>What users may write, and what becomes of it.</summary>
public sealed class NamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private ModelStoreOptions Options => new() { CacheDirectory = _folder["cache"], HomeDirectory = _folder["home"] };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hf:owner/repo", "owner/repo", null, null, null)]
    [InlineData("hf:owner/repo:Q4_K_M", "owner/repo", null, "Q4_K_M", null)]
    [InlineData("hf:owner/repo:latest", "owner/repo", null, null, null)]
    [InlineData("hf:owner/repo@v1.0:q8_0", "owner/repo", "v1.0", "q8_0", null)]
    [InlineData("hf:owner/repo@refs%2Fpr%2F1", "owner/repo", "refs/pr/1", null, null)]
    [InlineData("hf:owner/repo/a/b.gguf", "owner/repo", null, null, "a/b.gguf")]
    [InlineData("hf:owner/repo@main/b.gguf", "owner/repo", "main", null, "b.gguf")]
    [InlineData("hf.co/owner/repo:Q4_0", "owner/repo", null, "Q4_0", null)]
    [InlineData("https://huggingface.co/owner/repo", "owner/repo", null, null, null)]
    [InlineData("https://huggingface.co/owner/repo/resolve/main/b.gguf", "owner/repo", null, null, "b.gguf")]
    [InlineData("https://huggingface.co/owner/repo/resolve/main/b.gguf?download=true", "owner/repo", null, null, "b.gguf")]
    [InlineData("https://hf.co/owner/repo/blob/v2/a/b.gguf", "owner/repo", "v2", null, "a/b.gguf")]
    [InlineData("https://huggingface.co/owner/repo/tree/v2", "owner/repo", "v2", null, null)]
    public void A_repository_is_written_in_many_ways(string text, string repository, string? revision, string? quantization, string? file) =>
        Assert.Equal(new ModelIdentifier.HubFile(repository, revision, quantization, file), ModelIdentifier.Parse(text, Options));

    [Theory]
    [InlineData("hf:owner")]
    [InlineData("hf:owner/")]
    [InlineData("hf:owner/repo:")]
    [InlineData("hf:owner/re po")]
    [InlineData("hf:../repo")]
    [InlineData("hf:owner/..")]
    [InlineData("hf:owner/a--b")]
    [InlineData("hf:owner/repo/../x.gguf")]
    [InlineData("hf:owner/repo//x.gguf")]
    [InlineData("hf:owner/repo@..:Q4_0")]
    [InlineData("hf:owner/repo@..%2F..%2Fx")]
    [InlineData("hf:owner/repo:Q4_0/file.gguf")]
    [InlineData("https://huggingface.co/owner")]
    [InlineData("https://example.org/model.bin")]
    [InlineData("https://example.org/model.gguf#sha256=12")]
    [InlineData("https://example.org/model.gguf#md5=12")]
    [InlineData("https://user:password@example.org/model.gguf")]
    [InlineData("ftp://example.org/model.gguf")]
    [InlineData("https://")]
    public void What_is_malformed_is_refused(string text)
    {
        var misuse = Assert.Throws<ArgumentException>(() => ModelIdentifier.Parse(text, Options));
        Assert.DoesNotContain("password@", misuse.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_may_carry_its_hash()
    {
        var hash = new string('a', 64);
        Assert.Equal(
            new ModelIdentifier.Address(new Uri("https://example.org/x/model.gguf?key=1"), hash),
            ModelIdentifier.Parse($"https://example.org/x/model.gguf?key=1#sha256={hash.ToUpperInvariant()}", Options));
    }

    [Fact]
    public void Files_that_exist_come_first_and_missing_ones_are_named()
    {
        File.WriteAllText(_folder["gemma3"], "");
        Assert.Equal(new ModelIdentifier.LocalFile(_folder["gemma3"]), ModelIdentifier.Parse(_folder["gemma3"], Options));
        Assert.Equal(new ModelIdentifier.LocalFile(_folder["gemma3"]), ModelIdentifier.Parse(new Uri(_folder["gemma3"]).AbsoluteUri, Options));
        Assert.Throws<FileNotFoundException>(() => ModelIdentifier.Parse(_folder["missing.gguf"], Options));
        Assert.Throws<FileNotFoundException>(() => ModelIdentifier.Parse("missing.gguf", Options));
        Assert.Throws<FileNotFoundException>(() => ModelIdentifier.Parse("file:///missing", Options));
        Assert.Contains("hf:owner/repo:Q4_0", Assert.Throws<FileNotFoundException>(() => ModelIdentifier.Parse("owner/repo:Q4_0", Options)).Message, StringComparison.Ordinal);
        Assert.Throws<UnauthorizedAccessException>(() => ModelIdentifier.Parse(_folder.FullName, Options));
    }

    [Theory]
    [InlineData("gemma3:12", "gemma3:12b")]
    [InlineData("gema3:4b", "gemma3:4b")]
    [InlineData("qwen3.5:8b", "qwen3.5:9b")]
    public void An_unknown_name_is_answered_with_the_three_nearest(string text, string nearest)
    {
        var message = Assert.Throws<ArgumentException>(() => ModelIdentifier.Parse(text, Options)).Message;
        Assert.Contains(nearest, message, StringComparison.Ordinal);
        Assert.Equal(3, ModelCatalogue.Embedded.Nearest(text).Count);
        Assert.Contains(string.Join(", ", ModelCatalogue.Embedded.Nearest(text)), message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.gguf", true)]
    [InlineData("a/b.gguf", true)]
    [InlineData("ä/模型.gguf", true)]
    [InlineData("😀.gguf", true)]
    [InlineData(".hidden", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/..", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a\\b", false)]
    [InlineData("C:", false)]
    [InlineData("C:a", false)]
    [InlineData("a:stream", false)]
    [InlineData("a\0b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a?", false)]
    [InlineData("con", false)]
    [InlineData("LPT1.gguf", false)]
    [InlineData("a ", false)]
    [InlineData(" a", false)]
    [InlineData("a.", false)]
    public void Only_names_that_mean_the_same_everywhere_become_files(string path, bool expected) => Assert.Equal(expected, SafeNames.IsRelativePath(path));

    [Fact]
    public void Names_that_are_too_long_are_refused()
    {
        Assert.True(SafeNames.IsName(new string('a', 255)));
        Assert.False(SafeNames.IsName(new string('a', 256)));
        Assert.False(SafeNames.IsName("\ud83d.gguf"));
        Assert.False(SafeNames.IsName(new string('ä', 128)));
        Assert.False(SafeNames.IsRelativePath(string.Join('/', Enumerable.Repeat("aaaa", 300))));
    }

    [Theory]
    [InlineData(null, "m-Q4_K_M.gguf")]
    [InlineData("q8_0", "m-Q8_0.gguf")]
    [InlineData("Q4_K", null)]
    [InlineData("Q4_K_S", "m.Q4_K_S.gguf")]
    [InlineData("BF16", "BF16/m-00001-of-00002.gguf")]
    [InlineData("F16", null)]
    public void The_file_of_a_quantisation_is_chosen_as_llama_cpp_does(string? quantization, string? expected)
    {
        string[] files =
        [
            "README.md", "mmproj-Q4_K_M.gguf", "imatrix-Q8_0.gguf", "m.Q4_K_S.gguf", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "BF16/m-00002-of-00002.gguf",
            "BF16/m-00001-of-00002.gguf",
        ];
        var chosen = Quantization.Choose(files, quantization);
        Assert.Equal(expected, chosen.Count > 0 ? chosen[0] : null);
        if (quantization == "BF16")
            Assert.Equal("BF16/m-00002-of-00002.gguf", chosen[1]);
        Assert.Equal(["m-Q8_0.gguf"], Quantization.Choose(["a.gguf", "m-Q8_0.gguf"], null));
        Assert.Equal(["a.gguf"], Quantization.Choose(["b.gguf", "a.gguf"], null));
        Assert.Equal(["BF16", "Q4_K_M", "Q4_K_S", "Q8_0"], Quantization.All(files));
    }

    [Theory]
    [InlineData(100_000_000, 1L << 40, true)]
    [InlineData(7_300_574_976, 4L << 30, false)]
    public void Whether_it_fits_is_said(long bytes, long available, bool fits)
    {
        var estimate = ModelMemoryEstimate.ForFileSize(bytes, available);
        Assert.Equal(fits, estimate.FitsInference && estimate.FitsTraining);
        Assert.Equal(fits, estimate.ToString().EndsWith(": it fits", StringComparison.Ordinal));
        Assert.Contains(fits ? "it fits" : "it does NOT fit", estimate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_estimate_is_near_what_known_models_need()
    {
        // Llama 3.1 8B: 32 layers, 1024 values each for keys and values, in two bytes, for 4096 tokens.
        var estimate = ModelMemoryEstimate.ForFileSize(4_920_739_232);
        Assert.InRange(estimate.Context - (256 << 20), 0.7 * 32 * 2 * 1024 * 2 * 4096, 1.3 * 32 * 2 * 1024 * 2 * 4096);
    }
}
