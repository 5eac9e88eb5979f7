using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Merging;
using LoraBridge.Formats;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

/// <summary>Whatever fails, an older file stays as it was and no other is left.</summary>
public sealed class MergeFaultTests
{
    [Fact]
    public void AnExistingFileIsKeptWithoutForceAndReplacedWithIt()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        File.WriteAllText(fixture.Output, "old");

        Assert.Throws<IOException>(() => fixture.Merge());
        Assert.Equal("old", File.ReadAllText(fixture.Output));

        fixture.Merge(new MergeOptions { Overwrite = true });
        Assert.NotEqual(3, new FileInfo(fixture.Output).Length);
        AssertNoLitter(fixture);
    }

    [Theory]
    [InlineData(MergeOutputType.Keep)]
    [InlineData(MergeOutputType.Q4_K_M)]
    public void CancellingInTheMiddleLeavesTheOldFile(MergeOutputType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        File.WriteAllText(fixture.Output, "old");
        using var source = new CancellationTokenSource();
        var merger = new LoraMerger(fixture.ModelPath) { Options = new MergeOptions { Overwrite = true, OutputType = type, Threads = 2 } };
        merger.AddLoraAdapter(fixture.AdapterPath);

        Assert.ThrowsAny<OperationCanceledException>(() => merger.Merge(fixture.Output, new CancelAtHalf(source), source.Token));

        Assert.Equal("old", File.ReadAllText(fixture.Output));
        AssertNoLitter(fixture);
    }

    [Fact]
    public void ABaseThatEndsEarlyWhileItIsReadLeavesTheOldFile()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        var shrinking = fixture["base.gguf"];
        File.Copy(fixture.ModelPath, shrinking);
        File.WriteAllText(fixture.Output, "old");
        var merger = new LoraMerger(shrinking) { Options = new MergeOptions { Overwrite = true, Threads = 1 } };
        merger.AddLoraAdapter(fixture.AdapterPath);

        Assert.Throws<EndOfStreamException>(() => merger.Merge(fixture.Output, new ShrinkAtFirst(shrinking)));

        Assert.Equal("old", File.ReadAllText(fixture.Output));
        File.Delete(shrinking);
        AssertNoLitter(fixture);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1L << 20)]
    public void AnInputIsNeverReplaced(long? partBytes)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        File.Copy(fixture.ModelPath, fixture["base.gguf"]);
        var inputs = partBytes is null ? [fixture["base.gguf"]] : Split(fixture["base.gguf"]);
        var bytes = inputs.Select(File.ReadAllBytes).ToList();
        var merger = new LoraMerger(inputs[0]) { Options = new MergeOptions { Overwrite = true, Threads = 1, MaximumPartBytes = partBytes } };
        merger.AddLoraAdapter(fixture.AdapterPath);
        if (partBytes is null)
            File.CreateSymbolicLink(fixture["link.gguf"], inputs[0]);

        foreach (var path in partBytes is null ? [fixture["base.gguf"], fixture.AdapterPath, fixture["link.gguf"]] : (string[])[fixture["base.gguf"]])
            Assert.Contains("is read by the merge", Assert.Throws<IOException>(() => merger.Merge(path)).Message, StringComparison.Ordinal);

        Assert.Equal(bytes, inputs.Select(File.ReadAllBytes));
    }

    [Theory]
    [InlineData(float.NaN, MergeOutputType.Keep)]
    [InlineData(float.PositiveInfinity, MergeOutputType.F32)]
    [InlineData(float.NaN, MergeOutputType.Q4_0)]
    [InlineData(1e6f, MergeOutputType.F16)]
    public void ValuesThatCannotBeStoredAreNotWritten(float value, MergeOutputType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama), ["attn_q"]);
        using (var file = GgufFile.Open(fixture.AdapterPath))
        {
            var writer = new GgufWriter(file.Metadata);
            foreach (var tensor in file.Tensors)
            {
                var bytes = file.ReadAll(tensor);
                BitConverter.TryWriteBytes(bytes.AsSpan(), value);
                writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), bytes);
            }

            writer.Save(fixture["bad.gguf"]);
        }

        var fault = Assert.ThrowsAny<Exception>(() => fixture.Merge(new MergeOptions { OutputType = type }, (fixture["bad.gguf"], 1)));

        Assert.Contains("blk.0.attn_q.weight", fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(fixture.Folder).Length);
    }

    [Fact]
    public void AFullDiskLeavesTheOldFile()
    {
        // A device on which every write fails as on a full disk.
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        using var model = GgufModelFiles.Open(fixture.ModelPath);
        using var adapter = new AdapterSource(AdapterFile.Read(fixture.AdapterPath), 1);
        var plan = MergePlan.Make(model, [adapter], MergeOutputType.Keep, null, CancellationToken.None);
        using var merger = new MergeWriter(MergeMetadata.Of(model, [adapter], MergeOutputType.Keep), plan, 2, CancellationToken.None);
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        Assert.ThrowsAny<IOException>(() => merger.Writer.WriteTo(full));
    }

    [Theory]
    [InlineData(MergeOutputType.Keep, MergeStage.Merging, null)]
    [InlineData(MergeOutputType.Keep, MergeStage.Merging, 1L << 20)]
    [InlineData(MergeOutputType.Q8_0, MergeStage.Merging, null)]
    [InlineData(MergeOutputType.Q8_0, MergeStage.Quantizing, null)]
    public void ADiskThatFillsUpWhileItIsWrittenKeepsTheOldFile(MergeOutputType type, MergeStage stage, long? partBytes)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        using var disk = SmallDisk.Mount(megabytes: 8);
        File.WriteAllText(disk["merged.gguf"], "old");
        var merger = new LoraMerger(fixture.ModelPath)
        {
            Options = new MergeOptions { Overwrite = true, OutputType = type, MaximumPartBytes = partBytes, Threads = 1 },
        };
        merger.AddLoraAdapter(fixture.AdapterPath);

        var fault = Assert.ThrowsAny<IOException>(() => merger.Merge(disk["merged.gguf"], new FillAt(stage, disk)));

        Assert.DoesNotContain("/proc", fault.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(disk["merged.gguf"]));
        Assert.Equal(["filler", "merged.gguf"], Directory.GetFileSystemEntries(disk.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TooSmallADiskIsSaidBeforeAnyWork()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        using var disk = SmallDisk.Mount(megabytes: 2);
        var merger = new LoraMerger(fixture.ModelPath);
        merger.AddLoraAdapter(fixture.AdapterPath);

        foreach (var type in (MergeOutputType[])[MergeOutputType.Keep, MergeOutputType.Q4_0])
        {
            merger.OutputType = type;
            Assert.Contains("are free", Assert.Throws<IOException>(() => merger.Merge(disk["merged.gguf"])).Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [Fact]
    public void AMissingFolderIsSaidBeforeAnyWork()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        var merger = new LoraMerger(fixture.ModelPath);
        merger.AddLoraAdapter(fixture.AdapterPath);

        Assert.Throws<DirectoryNotFoundException>(() => merger.Merge(Path.Combine(fixture.Folder, "missing", "merged.gguf")));
    }

    [Fact]
    public void WhatAKilledMergeLeftIsGoneAfterTheNext()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        File.WriteAllText(AtomicFile.ReserveTemporaryPath(fixture.Output, overwrite: true), "half a model");
        File.WriteAllText(fixture.Output, "old");

        fixture.Merge(new MergeOptions { Overwrite = true });

        AssertNoLitter(fixture);
    }

    private static string[] Split(string model)
    {
        using var file = GgufFile.Open(model);
        var writer = new GgufWriter(file.Metadata);
        foreach (var tensor in file.Tensors)
            writer.AddTensor(file, tensor);
        return [.. writer.SaveSplit(model[..^".gguf".Length], 1 << 20)];
    }

    private static void AssertNoLitter(MergeFixture fixture) =>
        Assert.Equal(["adapter.gguf", "merged.gguf"], Directory.GetFiles(fixture.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    private sealed class CancelAtHalf(CancellationTokenSource source) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value)
        {
            if (value.Fraction > 0.5)
                source.Cancel();
        }
    }

    private sealed class FillAt(MergeStage stage, SmallDisk disk) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value)
        {
            if (value.Stage == stage && !File.Exists(disk["filler"]))
                disk.Fill("filler");
        }
    }

    private sealed class ShrinkAtFirst(string path) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value)
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > 1 << 20)
                stream.SetLength(1 << 20);
        }
    }
}
