using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LoraBridge.Cli.Tests;

/// <summary>What a training leaves in tables and for TensorBoard.</summary>
public sealed class TrainLogTests : CliTest
{
    [Fact]
    public async Task A_table_has_a_row_for_each_update()
    {
        var table = Folder["log.csv"];
        File.WriteAllText(table, "an older table,\n1,2,3\n");
        await TrainAsync("--max-steps", "3", "--val-split", "0.5", "--eval-every", "2", "--log", $"csv:{table}");
        var lines = File.ReadAllLines(table);
        Assert.Equal("step,epoch,loss,validation_loss,learning_rate,gradient_norm,tokens_per_second,elapsed_seconds", lines[0]);
        var rows = lines[1..].Select(line => line.Split(',')).ToList();
        Assert.Equal(["1", "2", "3"], rows.Select(row => row[0]));
        Assert.Equal([true, false, false], rows.Select(row => row[3].Length == 0));
        Assert.All(rows, row => Assert.InRange(double.Parse(row[2], CultureInfo.InvariantCulture), 1, 10));
    }

    [Fact]
    public async Task A_training_that_goes_on_goes_on_with_its_table()
    {
        var table = Folder["log.csv"];
        string[] options = ["--checkpoint-dir", Folder["checkpoints"], "--checkpoint-every", "2", "--log", $"csv:{table}", "--max-steps", "4"];
        await TrainAsync(options);
        var whole = File.ReadAllLines(table);
        Directory.Delete(Path.Combine(Folder["checkpoints"], "checkpoint-000004"), recursive: true);
        await TrainAsync([.. options, "--resume", Folder["checkpoints"]]);
        var again = File.ReadAllLines(table);
        Assert.Equal(whole[..3], again[..3]);
        Assert.Equal(["step", "1", "2", "3", "4"], again.Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task TensorBoard_gets_scalars()
    {
        await TrainAsync("--max-steps", "2", "--val-split", "0.5", "--eval-every", "2", "--log", $"tensorboard:{Folder["board"]}", "--log", $"csv:{Folder["log.csv"]}");
        var records = Records(File.ReadAllBytes(Assert.Single(Directory.GetFiles(Folder["board"], "events.out.tfevents.*"))));
        Assert.Equal(3, records.Count);
        Assert.Contains("brain.Event:2", Encoding.Latin1.GetString(records[0]), StringComparison.Ordinal);
        var loss = double.Parse(File.ReadLines(Folder["log.csv"]).ElementAt(1).Split(',')[2], CultureInfo.InvariantCulture);
        Assert.Equal(1, records[1][10]);
        Assert.Equal((float)loss, Scalar(records[1], "train/loss"));
        Assert.Null(Scalar(records[1], "validation/loss"));
        Assert.Equal(2, records[2][10]);
        Assert.InRange(Scalar(records[2], "validation/loss")!.Value, 1, 10);
    }

    [Theory]
    [InlineData("wandb:here")]
    [InlineData("csv:")]
    [InlineData("log.csv")]
    public async Task Another_kind_of_log_is_wrong_usage(string log) =>
        Assert.Contains("csv:FILE", (await CliRun.OfAsync("train", "-m", Model, "-d", Tokens(), "-o", Folder["a.gguf"], "--log", log)).Failure(2), StringComparison.Ordinal);

    [Fact]
    public async Task A_log_that_cannot_be_written_is_found_before_the_training()
    {
        (await CliRun.OfAsync("train", "-m", Model, "-d", Tokens(), "-o", Folder["a.gguf"], "--log", $"csv:{Folder["none/log.csv"]}")).Failure();
        Assert.False(File.Exists(Folder["a.gguf"]));
    }

    private async Task TrainAsync(params string[] options)
    {
        var run = await CliRun.OfAsync(["train", "-m", Model, "-d", Tokens(), "-o", Folder["a.gguf"], "--rank", "2", "--targets", "attn_v", .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    /// <summary>The number behind a tag: the tag is field 1 of a value, the number field 2.</summary>
    private static float? Scalar(byte[] record, string tag)
    {
        var start = record.AsSpan().IndexOf(Encoding.UTF8.GetBytes(tag));
        if (start < 0)
            return null;
        Assert.Equal((10, tag.Length, 21), (record[start - 2], record[start - 1], record[start + tag.Length]));
        return BinaryPrimitives.ReadSingleLittleEndian(record.AsSpan(start + tag.Length + 1));
    }

    /// <summary>The records of an event file, whose checks must be right.</summary>
    private static List<byte[]> Records(byte[] file)
    {
        List<byte[]> records = [];
        for (var rest = file.AsSpan(); rest.Length > 0;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.Equal(Check(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            Assert.Equal(Check(rest.Slice(12, length)), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            records.Add(rest.Slice(12, length).ToArray());
            rest = rest[(16 + length)..];
        }
        return records;
    }

    /// <summary>TensorFlow's masked CRC-32C, bit by bit.</summary>
    private static uint Check(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : crc >> 1 ^ 0x82f63b78;
        }
        crc = ~crc;
        return (crc >> 15 | crc << 17) + 0xa282ead8;
    }
}
