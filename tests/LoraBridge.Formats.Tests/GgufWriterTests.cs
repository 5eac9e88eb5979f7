namespace LoraBridge.Formats.Tests;

public sealed class GgufWriterTests
{
    [Fact]
    public void What_a_reader_refuses_cannot_be_added()
    {
        var writer = new GgufWriter();
        Assert.Throws<ArgumentException>(() => writer.AddTensor("", GgmlType.F32, [1], new byte[4]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor(new string('n', 64), GgmlType.F32, [1], new byte[4]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.F32, [], new byte[4]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.F32, [1, 1, 1, 1, 1], new byte[4]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.F32, [0], new byte[0]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.Q4_0, [16], new byte[9]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", (GgmlType)4, [32], new byte[18]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.F32, [2], new byte[4]));
        Assert.Equal(0, writer.TensorCount);
        writer.AddTensor("t", GgmlType.F32, [1], new byte[4]);
        Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.F32, [1], new byte[4]));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Data_of_another_length_fail_the_save_and_leave_nothing(int bytes)
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter();
        writer.AddTensor("t", GgmlType.F32, [1], stream => stream.Write(new byte[bytes]));
        Assert.Throws<InvalidOperationException>(() => writer.Save(folder["a.gguf"], cancellationToken: Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));
    }

    [Fact]
    public void Cancelling_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        var writer = SampleGguf.Writer();
        writer.AddTensor("last", GgmlType.F32, [2], stream =>
        {
            stream.Write(new byte[4]);
            cancellation.Cancel();
            stream.Write(new byte[4]);
        });
        Assert.Throws<OperationCanceledException>(() => writer.Save(folder["a.gguf"], cancellationToken: cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));
    }

    [Fact]
    public void Progress_ends_at_the_length_of_the_file()
    {
        using var folder = new TemporaryFolder();
        var progress = new Recorder();
        SampleGguf.Writer().Save(folder["a.gguf"], progress: progress, cancellationToken: Token);
        Assert.Equal(new FileInfo(folder["a.gguf"]).Length, progress.Reports[^1]);
        Assert.Equal(progress.Reports.Order(), progress.Reports);
        Assert.Equal(SampleGguf.Encoded(), File.ReadAllBytes(folder["a.gguf"]));
    }

    [Fact]
    public void Parts_are_read_as_one_model()
    {
        using var folder = new TemporaryFolder();
        var paths = SampleGguf.Writer().SaveSplit(folder["model"], 300, cancellationToken: Token);
        Assert.Equal(
            [folder["model-00001-of-00003.gguf"], folder["model-00002-of-00003.gguf"], folder["model-00003-of-00003.gguf"]], paths);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.FullName).Length);

        using var model = GgufModelFiles.Open(paths[0]);
        using var whole = GgufFile.Open(SampleGguf.Encoded(), "whole");
        Assert.Equal(3, model.Files.Length);
        Assert.Equal(whole.Metadata.Keys, model.Metadata.Keys);
        Assert.Equal(whole.Tensors.Select(tensor => tensor.ToString()), model.Tensors.Select(tensor => tensor.Info.ToString()));
        foreach (var tensor in whole.Tensors)
            Assert.Equal(whole.ReadAll(tensor), model.ReadAll(model.Find(tensor.Name)!));
    }

    [Fact]
    public void A_missing_or_foreign_part_is_named()
    {
        using var folder = new TemporaryFolder();
        var paths = SampleGguf.Writer().SaveSplit(folder["model"], 300, cancellationToken: Token);
        Assert.Throws<InvalidDataException>(() => GgufModelFiles.Open(paths[1]));

        var second = File.ReadAllBytes(paths[1]);
        File.Delete(paths[1]);
        var missing = Assert.Throws<FileNotFoundException>(() => GgufModelFiles.Open(paths[0]));
        Assert.Equal(paths[1], missing.FileName);

        File.Copy(paths[2], paths[1]);
        var foreign = Assert.Throws<InvalidDataException>(() => GgufModelFiles.Open(paths[0]));
        Assert.Contains("says it is part 3 of 3, expected part 2 of 3", foreign.Message, StringComparison.Ordinal);

        File.WriteAllBytes(paths[1], second);
        File.Move(paths[0], folder["renamed.gguf"]);
        var renamed = Assert.Throws<InvalidDataException>(() => GgufModelFiles.Open(folder["renamed.gguf"]));
        Assert.Contains("ends in -00001-of-00003.gguf", renamed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_different_models_do_not_pass()
    {
        using var folder = new TemporaryFolder();
        var paths = SampleGguf.Writer().SaveSplit(folder["model"], 300, cancellationToken: Token);
        using (var third = GgufFile.Open(paths[2]))
        {
            var forged = new GgufWriter(third.Metadata);
            forged.AddTensor("token_embd.weight", GgmlType.F32, [1], new byte[4]);
            forged.AddTensor("other", GgmlType.F32, [1], new byte[4]);
            forged.Save(paths[2] + ".new", cancellationToken: Token);
        }

        File.Move(paths[2] + ".new", paths[2], overwrite: true);
        Assert.Contains(
            "tensor 'token_embd.weight' is also in",
            Assert.Throws<InvalidDataException>(() => GgufModelFiles.Open(paths[0])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_file_is_a_model_too()
    {
        using var folder = new TemporaryFolder();
        SampleGguf.Writer().Save(folder["a.gguf"], cancellationToken: Token);
        using var model = GgufModelFiles.Open(folder["a.gguf"]);
        Assert.Single(model.Files);
        Assert.Equal(4, model.Tensors.Length);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Recorder : IProgress<long>
    {
        public List<long> Reports { get; } = [];

        public void Report(long value) => Reports.Add(value);
    }
}
