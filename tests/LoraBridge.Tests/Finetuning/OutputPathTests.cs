using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning;

/// <summary>A base model is not written over, and a target that takes no file is found before anything is trained.</summary>
public sealed class OutputPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _base;

    public OutputPathTests()
    {
        Directory.CreateDirectory(_folder["models"]);
        _base = _folder["models/base.gguf"];
        File.Copy(TinyModels.PathOf(TinyArchitecture.Llama), _base);
        Directory.CreateSymbolicLink(_folder["linked"], _folder["models"]);
        Directory.CreateSymbolicLink(_folder["again"], _folder["linked"]);
        File.CreateSymbolicLink(_folder["link.gguf"], _folder["linked/base.gguf"]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("models/base.gguf")]
    [InlineData("models/../models/base.gguf")]
    [InlineData("linked/base.gguf")]
    [InlineData("again/base.gguf")]
    [InlineData("link.gguf")]
    public void The_base_is_not_replaced_however_its_path_is_written(string path)
    {
        var bytes = File.ReadAllBytes(_base);
        using (var model = new LM(_base, TinyModels.Device))
        {
            using var training = TrainingRuns.Create(model, _folder);
            Assert.Throws<ArgumentException>(() => training.TrainToAdapter(_folder[path]));
            Assert.Throws<ArgumentException>(() => training.TrainToModel(_folder[path]));
        }
        // What is read through a link is not written to itself, either.
        var merger = new LoraMerger(_folder["link.gguf"]) { Options = new MergeOptions { Overwrite = true, Threads = 1 } };
        TinyAdapters.Create(_base).Save(_folder["adapter.gguf"]);
        merger.AddLoraAdapter(_folder["adapter.gguf"]);
        Assert.Contains("is read by the merge", Assert.Throws<IOException>(() => merger.Merge(_folder[path])).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => ModelQuantizer.Quantize(_base, _folder[path], MergeOutputType.Q8_0, overwrite: true));
        Assert.Equal(bytes, File.ReadAllBytes(_base));
    }

    [Fact]
    public void Parts_are_not_replaced_through_a_linked_folder()
    {
        File.Copy(_base, _folder["models/base-00001-of-00001.gguf"]);
        var merger = new LoraMerger(_folder["models/base-00001-of-00001.gguf"]) { Options = new MergeOptions { Overwrite = true, Threads = 1, MaximumPartBytes = 1 << 30 } };
        TinyAdapters.Create(_base).Save(_folder["adapter.gguf"]);
        merger.AddLoraAdapter(_folder["adapter.gguf"]);
        Assert.Contains("is read by the merge", Assert.Throws<IOException>(() => merger.Merge(_folder["linked/base.gguf"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_case_makes_no_difference_a_name_is_the_one_that_is_stored()
    {
        Assert.Equal("Base.gguf", OutputPath.StoredName(["/m/other.gguf", "/m/Base.gguf"], "base.GGUF"));
        Assert.Equal("base.GGUF", OutputPath.StoredName(["/m/base.GGUF", "/m/Base.gguf"], "base.GGUF"));
        Assert.Equal("base.GGUF", OutputPath.StoredName(["/m/Base.gguf", "/m/base.GGUF"], "base.GGUF"));
        Assert.Equal("new.gguf", OutputPath.StoredName(["/m/Base.gguf"], "new.gguf"));
        File.WriteAllText(_folder["models/BASE.GGUF"], "");
        var isSensitive = Directory.GetFiles(_folder["models"]).Length == 2;
        Assert.Equal(isSensitive, OutputPath.RealPath(_folder["models/BASE.GGUF"]) != OutputPath.RealPath(_base));
    }

    /// <summary>No user, not even root, may create files there.</summary>
    [Fact]
    public void A_target_that_takes_no_file_is_refused_before_the_first_update()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no /proc.");
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var training = TrainingRuns.Create(model, _folder);
        var updates = TrainingRuns.Updates(_ => Assert.Fail("It was trained."));
        var fault = Assert.ThrowsAny<IOException>(() => training.TrainToAdapter("/proc/self/adapter.gguf", updates));
        Assert.StartsWith("/proc/self/adapter.gguf cannot be written: ", fault.Message, StringComparison.Ordinal);
    }
}
