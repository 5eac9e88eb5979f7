using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>Questions about a native tensor that ggml answers with asserts or not at all.</summary>
internal static class TensorExtensions
{
    extension(TensorPtr tensor)
    {
        public Shape Shape => Shape.Of(tensor);

        public bool IsView => tensor.Op.IsView;

        /// <summary>The tensor whose memory this one looks at: itself unless it is a view.</summary>
        public TensorPtr Root => tensor.ViewSource.IsNull ? tensor : tensor.ViewSource;

        /// <summary>Elements follow each other without gaps, in the order of the dimensions.</summary>
        public bool IsContiguous
        {
            get
            {
                // Strides of dimensions of extent 1 say nothing.
                var expected = ElementStride(tensor);
                if (tensor.Ne(0) > 1 && tensor.Nb(0) != expected)
                    return false;
                expected = RowBytes(tensor);
                for (var i = 1; i < Shape.Dimensions; i++)
                {
                    if (tensor.Ne(i) > 1 && tensor.Nb(i) != expected)
                        return false;
                    expected *= tensor.Ne(i);
                }
                return true;
            }
        }

        /// <summary>All strides are those of a contiguous tensor, even of dimensions of extent 1.</summary>
        public bool HasCanonicalStrides
        {
            get
            {
                var expected = RowBytes(tensor);
                for (var i = 1; i < Shape.Dimensions; i++)
                {
                    if (tensor.Nb(i) != expected)
                        return false;
                    expected *= tensor.Ne(i);
                }
                return tensor.Nb(0) == ElementStride(tensor);
            }
        }

        /// <summary>The elements of each row (dimension 0) follow each other without gaps.</summary>
        public bool HasContiguousRows => tensor.Nb(0) == ElementStride(tensor);

        public bool IsFloat => tensor.Type == GgmlType.F32;

        /// <summary>Parameter <paramref name="index"/> of the operation, as a number.</summary>
        public float FloatParam(int index) => BitConverter.Int32BitsToSingle(tensor.OpParams[index]);

        /// <summary>ggml's name for the operation, for products with the type of their weights: <c>MUL_MAT Q4_K</c>.</summary>
        public string OperationName
        {
            get
            {
                var name = Ggml.ggml_op_desc(tensor) ?? tensor.Op.ToString();
                return tensor.Op is GgmlOp.MulMat or GgmlOp.MulMatId ? $"{name} {tensor.Source(0).Type}" : name;
            }
        }
    }

    extension(GgmlOp op)
    {
        /// <summary>The operation moves no data: its result looks at its source's memory.</summary>
        public bool IsView => op is GgmlOp.View or GgmlOp.Reshape or GgmlOp.Permute or GgmlOp.Transpose;
    }

    private static long ElementStride(TensorPtr tensor) => (long)Ggml.ggml_type_size(tensor.Type);

    private static long RowBytes(TensorPtr tensor) => (long)Ggml.ggml_row_size(tensor.Type, tensor.Ne(0));
}
