using System.Runtime.InteropServices;

namespace LoraBridge.Native.Tests;

public sealed class LoadingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lorabridge-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_loaded_libraries_are_a_known_build()
    {
        var libraries = NativeRuntime.Initialize().Libraries;

        Assert.Empty(BuildIdentity.Of(libraries.GgmlBase, libraries.Llama).Differences(libraries.Build));
        Assert.Contains(libraries.Build, LlamaBuild.Known);
        Assert.Equal(368, BuildIdentity.ExpectedTensorOverhead);
        Assert.Equal([libraries.Build], LlamaBuild.Known.Where(build => build.Wrote(LoadedModules.Llama!.GgmlBase)));
        Assert.Equal(libraries.Directory, LoadedModules.Llama!.Directory);
    }

    [Fact]
    public void Another_build_is_refused_with_the_differences()
    {
        var found = new BuildIdentity("0.4.0", LlamaBuild.V050.GgmlVersion, null, 400);

        var e = Assert.Throws<NativeException>(() => found.Require("/some/folder"));
        Assert.Contains("/some/folder", e.Message, StringComparison.Ordinal);
        Assert.Contains("from b10221 (LLamaSharp.Backend.* 0.29 and 0.30) in llama_version(): expected no such function, found 0.4.0; ggml_version(): expected 0.18.0, found 0.25.1", e.Message, StringComparison.Ordinal);
        Assert.Contains("from v0.5.0 (LoraBridge.Backend.*) in llama_version(): expected 0.5.0-dev, found 0.4.0; ggml_commit(): expected 0ad4a86, found no such function; ggml_tensor_overhead(): expected 368, found 400.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_no_llama_cpp_is_asked_without_an_exception()
    {
        var system = NativeLibrary.GetMainProgramHandle();

        Assert.Equal(new BuildIdentity(null, null, null, 0), BuildIdentity.Of(system, system));
    }

    [Fact]
    public void Missing_libraries_are_listed_with_the_place()
    {
        File.WriteAllText(Path.Combine(_folder, System("ggml-base")), "");

        var e = Assert.Throws<DllNotFoundException>(() => NativeLibraries.Find([new(_folder, "it was asked for")]));
        Assert.Contains($"{_folder} (it was asked for): no ggml library, no llama library", e.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLocations.DirectoryVariable, e.Message, StringComparison.Ordinal);
        Assert.Contains("LLamaSharp.Backend.Cpu", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_said_to_be_missing()
    {
        var e = Assert.Throws<DllNotFoundException>(() => NativeLibraries.Find([new(Path.Combine(_folder, "nowhere"), "it was asked for")]));
        Assert.Contains("no such folder", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libggml-base.so", "libggml.so", "libllama.so")]
    [InlineData("libggml-base.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so")]
    [InlineData("libggml-base.so", "libggml.cuda.v0.5.0.so", "libllama.cuda.v0.5.0.so")]
    [InlineData("libggml-v050.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so")]
    [InlineData("libggml-base.so.0", "libggml.so.0", "libllama.so.0")]
    [InlineData("libggml-base.dylib", "libggml.dylib", "libllama.dylib")]
    [InlineData("ggml-base.dll", "ggml.v0.5.0.dll", "llama.v0.5.0.dll")]
    public void File_names_of_all_packages_are_known(params string[] names)
    {
        var extension = names[0].Contains(".so", StringComparison.Ordinal) ? "so" : Path.GetExtension(names[0])[1..];

        Assert.Equal(names, Picked(extension, [.. names, "libllama-common.so", "llama-addon.node", "libggml-cpu-x64.so", "libmtmd.so"]));
    }

    [Fact]
    public void Libraries_of_another_system_or_of_two_packages_are_not_mixed()
    {
        string[] both = ["libggml-base.so", "libggml.so", "libllama.so", "libggml-v050.so", "libggml.v0.5.0.so", "libllama.v0.5.0.so"];

        Assert.Equal(both[..3], Picked("so", both));
        Assert.Equal(both[3..], Picked("so", [.. both[..2], .. both[3..]]));
        Assert.Null(NativeFiles.Pick(["/x/libggml-base.so", "/x/libggml.so", "/x/libllama.so"], "dll", out var missing));
        Assert.Equal("no ggml-base library, no ggml library, no llama library", missing);
        Assert.Null(NativeFiles.Pick(["/x/libggml-base.so", "/x/libggml.so", "/x/libllama.v0.5.0.so"], "so", out missing));
        Assert.Contains("different variants", missing, StringComparison.Ordinal);
    }

    [Fact]
    public void Linked_backends_are_loaded_before_what_they_are_linked_into()
    {
        string[] names = ["libggml-base.so", "libggml-blas.so", "libggml-cpu.so", "libggml-cuda.so", "libggml.so", "libllama.so"];

        var files = NativeFiles.Pick(names.Select(name => $"/x/{name}"), "so", out _)!;
        Assert.Equal([names[0], names[2], names[1], names[3], names[4], names[5]], files.InOrder.Select(Path.GetFileName));
        files = NativeFiles.Pick(names.Where(name => name != "libggml-cpu.so").Append("libggml-cpu-x64.so").Select(name => $"/x/{name}"), "so", out _)!;
        Assert.Equal([names[0], names[4], names[5]], files.InOrder.Select(Path.GetFileName));
    }

    [Fact]
    public void Packages_of_LLamaSharp_come_before_LoraBridges_and_those_for_GPUs_before_all()
    {
        var identifier = Path.GetFileName(Directory.GetParent(Path.GetDirectoryName(Path.Combine(NativeLocations.InPackages(_folder).Last().Directory, "x"))!)!.FullName);
        var native = Directory.CreateDirectory(Path.Combine(_folder, "runtimes", identifier, "native")).FullName;
        var plain = NativeLocations.InPackages(_folder).Select(location => Path.GetRelativePath(native, location.Directory)).ToArray();
        Directory.CreateDirectory(Path.Combine(native, "cuda12"));
        Directory.CreateDirectory(Path.Combine(native, "noavx"));
        var locations = NativeLocations.InPackages(_folder).ToArray();

        Assert.Equal(".", plain[^1]);
        Assert.Equal(plain[..^1].Order(StringComparer.Ordinal).OrderBy(name => Array.IndexOf(["avx512", "avx2", "avx", "noavx"], name)), plain[..^1]);
        Assert.Equal(Path.Combine(native, "cuda12"), locations[0].Directory);
        Assert.Equal(("cuda", plain.Contains("noavx") ? Path.Combine(native, "noavx") : native), (locations[0].Gpu, locations[0].CpuDirectory));
        Assert.Equal(plain.Length + 1, locations.Length);
    }

    [Theory]
    [InlineData("libgomp.so.1: cannot open shared object file: No such file or directory", "apt install libgomp1")]
    [InlineData("Error loading shared library libgomp.so.1: No such file or directory (needed by x)", "apk add libgomp")]
    [InlineData("/lib/x: version `GLIBC_2.38' not found (required by y)", "glibc 2.38 or newer")]
    [InlineData("libcuda.so.1: cannot open shared object file", "NVIDIA driver")]
    [InlineData("libcudart.so.12: cannot open shared object file", "CUDA runtime, version 12")]
    public void What_the_system_lacks_is_named_with_what_to_install(string message, string advice)
    {
        var explained = LoadFailure.Explain(message);

        Assert.StartsWith(message, explained, StringComparison.Ordinal);
        Assert.Contains(advice, explained, StringComparison.Ordinal);
        Assert.Equal("file too short", LoadFailure.Explain("file too short"));
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused_by_name()
    {
        foreach (var name in new[] { "ggml-base", "ggml", "llama" })
            File.WriteAllText(Path.Combine(_folder, System(name)), "not a library");

        var (files, location) = NativeLibraries.Find([new(_folder, "it was asked for")]);
        var e = Assert.Throws<DllNotFoundException>(() => LoadedLibraries.From(files, location.Reason));
        Assert.Contains(Path.Combine(_folder, System("ggml-base")), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_build_of_the_same_name_is_refused_before_it_is_loaded()
    {
        var loaded = LoadedModules.Llama!;
        foreach (var path in new[] { loaded.GgmlBase, loaded.Ggml, loaded.Llama })
            File.WriteAllText(Path.Combine(_folder, Path.GetFileName(path)), "another build");
        var (files, _) = NativeLibraries.Find([new(_folder, "it was asked for")]);

        var e = Assert.Throws<NativeException>(() => NativeConflicts.Refuse(files));
        Assert.Contains($"The process has loaded {loaded.GgmlBase}, which is another build of ggml than the one in {_folder}", e.Message, StringComparison.Ordinal);
        NativeConflicts.Refuse(loaded);
        NativeConflicts.Refuse(files with { GgmlBase = Path.Combine(_folder, $"lib{NativeFiles.OwnGgmlBase}.so") });
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

        var core = NativeRuntime.Initialize().Libraries;
        var libraries = BackendLibraries.LoadRemaining(core, [_folder]);

        Assert.Equal(2, libraries.Count);
        Assert.All(libraries, library => Assert.Equal("cuda", library.Name));
        Assert.All(libraries, library => Assert.False(library.IsLoaded));
        Assert.Equal(!core.Build.TakesPlugins, libraries[0].Failure!.Contains("backends cannot be added to llama.cpp b10221", StringComparison.Ordinal));
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

    /// <summary>What a library is called on this system.</summary>
    private static string System(string name) => $"{(OperatingSystem.IsWindows() ? "" : "lib")}{name}.{NativeFiles.SystemExtension}";

    private static IEnumerable<string?> Picked(string extension, params string[] names)
    {
        var files = NativeFiles.Pick(names.Select(name => Path.Combine(Path.GetTempPath(), name)), extension, out var missing);
        Assert.NotNull(files);
        Assert.Empty(missing);
        return files.InOrder.Select(Path.GetFileName);
    }
}
