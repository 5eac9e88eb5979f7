namespace LoraBridge.Native.Tests;

public sealed class LoadingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lorabridge-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_loaded_libraries_are_the_pinned_ones()
    {
        Assert.Empty(AbiCheck.OfLoadedLibraries().Differences());
        Assert.Equal(368, AbiCheck.ExpectedTensorOverhead);
    }

    [Fact]
    public void Another_version_is_refused_with_the_differences()
    {
        var found = new AbiCheck("0.4.0", AbiCheck.GgmlVersion, null, 400);

        var e = Assert.Throws<NativeException>(() => found.ThrowIfDifferent("/some/folder"));
        Assert.Contains("/some/folder", e.Message, StringComparison.Ordinal);
        Assert.Contains("llama_version(): expected 0.5.0-dev, found 0.4.0", e.Message, StringComparison.Ordinal);
        Assert.Contains("ggml_commit(): expected 0ad4a86, found nothing", e.Message, StringComparison.Ordinal);
        Assert.Contains("ggml_tensor_overhead(): expected 368, found 400", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ggml_version()", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_libraries_are_listed_with_the_place()
    {
        File.WriteAllText(Path.Combine(_folder, "libggml-base.so"), "");

        var e = Assert.Throws<DllNotFoundException>(() => NativeLocations.Require(_folder));
        Assert.Contains($"{_folder} (it was asked for): no ggml library, no llama library", e.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLocations.DirectoryVariable, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_said_to_be_missing()
    {
        var e = Assert.Throws<DllNotFoundException>(() => NativeLocations.Require(Path.Combine(_folder, "nowhere")));
        Assert.Contains("no such folder", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libggml-base.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so")]
    [InlineData("libggml-base.so", "libggml.cuda.v0.5.0.so", "libllama.cuda.v0.5.0.so")]
    [InlineData("libggml-base.dylib", "libggml.dylib", "libllama.dylib")]
    [InlineData("ggml-base.dll", "ggml.v0.5.0.dll", "llama.v0.5.0.dll")]
    public void File_names_of_all_packages_are_known(params string[] names)
    {
        foreach (var name in names.Append("libllama-common.so").Append("llama-addon.node").Append("libggml-cpu-x64.so"))
            File.WriteAllText(Path.Combine(_folder, name), "");

        Assert.True(NativeFiles.TryFind(_folder, out var files, out _));
        Assert.Equal(names, new[] { files!.GgmlBase, files.Ggml, files.Llama }.Select(Path.GetFileName));
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused_by_name()
    {
        foreach (var name in new[] { "libggml-base.so", "libggml.so", "libllama.so" })
            File.WriteAllText(Path.Combine(_folder, name), "not a library");

        var e = Assert.Throws<DllNotFoundException>(() => LoadedLibraries.From(NativeLocations.Require(_folder)));
        Assert.Contains(Path.Combine(_folder, "libggml-base.so"), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_folder_is_refused()
    {
        var e = Assert.Throws<InvalidOperationException>(() => NativeLibraries.Load(_folder));
        Assert.Contains("already loaded from", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_backend_that_does_not_load_is_explained()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "fallback"));
        File.WriteAllText(Path.Combine(_folder, "libggml-cuda.so"), "not a library");
        File.WriteAllText(Path.Combine(_folder, "fallback", "libggml-cuda.so"), "nor this");

        var libraries = BackendLibraries.LoadRemaining([_folder]);

        Assert.Equal(2, libraries.Count);
        Assert.All(libraries, library => Assert.Equal("cuda", library.Name));
        Assert.All(libraries, library => Assert.False(library.IsLoaded));
    }

    [Fact]
    public void A_backend_that_is_not_there_is_never_replaced_by_another()
    {
        var e = Assert.Throws<NativeException>(() => ComputeDevices.Require("sycl"));
        Assert.Contains("The backend sycl is not available", e.Message, StringComparison.Ordinal);
        Assert.Contains(NativeRuntime.Initialize().Directory, e.Message, StringComparison.Ordinal);
        Assert.Contains("Available devices: CPU", e.Message, StringComparison.Ordinal);

        Assert.Equal([CpuBackend.Device], ComputeDevices.Require("cpu"));
    }

    [Fact]
    public void The_runtime_starts_once() => Assert.Same(NativeRuntime.Initialize(), NativeRuntime.Initialize());
}
